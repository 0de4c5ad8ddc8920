"""Files that the page writes and opens: weights in three formats, collected digits as IDX. Read `weight_files` first.

The worker reads and writes them (`scrawl.worker.file_contents`); `file_formats` and `onnx_weights` know their layout.
"""
