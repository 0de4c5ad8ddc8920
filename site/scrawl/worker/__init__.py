"""What runs in the Web Worker: it answers the page's messages with the kernel. Read `main` first."""
