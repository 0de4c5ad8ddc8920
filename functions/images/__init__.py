"""Pictures as digits: image files decoded, ink told from paper, and the digit placed in the field as MNIST's are.

Read `image_files` first; it calls the others in order.
"""
