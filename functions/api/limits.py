"""How large bodies and answers may be, which the command line and the containers go by, too."""

LARGEST_BODY = 4_700_000  # bytes; base64, in which API Gateway passes all of them, makes 6 MB: what Lambda carries
LARGEST_UNPACKED = 16 * 1024 * 1024  # of a body that comes packed: conv-32-64's weights as JSON are 9 MB
