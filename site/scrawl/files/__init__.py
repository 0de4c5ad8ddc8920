"""Files that the page writes and opens: weights in three formats, collected digits. Read `weight_files` first."""
