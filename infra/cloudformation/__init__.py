"""What a deployed Scrawl consists of beyond its functions, as CloudFormation: the template that Chalice merges in.

`template` puts it together: `parameters` (what an operator may choose, and what a stack tells), `storage` (buckets),
`api` (the functions' settings, roles and limits), `edge` (CloudFront), `watch` (alarms and the budget).
"""
