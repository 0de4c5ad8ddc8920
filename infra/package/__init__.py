"""The Lambda package: what goes into it, at which versions, and what is cut. Read `lambda_package` first."""
