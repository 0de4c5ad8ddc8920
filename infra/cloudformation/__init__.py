"""What a deployed Scrawl consists of beyond its functions, as CloudFormation. Read `template.yaml` first.

`template.py` fills in what has to be computed; Chalice merges the result into the template that it makes of app.py.
"""
