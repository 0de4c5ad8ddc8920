"""Where the stack deliberately does otherwise than checkov or cfn-lint advise: resource → rule → why.

The reasons go into the template, so that both tools find nothing that is not explained.
"""

_OWN_KEY = (
    "encrypted with AWS's key already; a key of one's own costs a dollar a month, and the data is public digits"
)
_DEAD_LETTERS = "API Gateway calls it and hands failures to the caller at once: there is nothing to put aside"
_NO_VPC = "it talks to S3 and Lambda only; a VPC would add cold starts and a NAT gateway's 32 dollars a month"
_ENVIRONMENT = "encrypted with AWS's key already, and only those who may read the function see the token"
_VISITORS = "it would keep visitors' addresses; metrics per route and the Lambda's log say what is asked"

CHECKOV: dict[str, dict[str, str]] = {
    "APIHandler": {"CKV_AWS_116": _DEAD_LETTERS, "CKV_AWS_117": _NO_VPC, "CKV_AWS_173": _ENVIRONMENT},
    "Retrain": {
        "CKV_AWS_115": "a model is retrained once at a time, which a lease in S3 sees to: there are at most three",
        "CKV_AWS_116": "Lambda tries twice more, and an alarm tells; the job says failed, and can be begun again",
        "CKV_AWS_117": _NO_VPC,
        "CKV_AWS_173": _ENVIRONMENT,
    },
    "ApiHandlerLogGroup": {"CKV_AWS_158": _OWN_KEY},
    "RetrainLogGroup": {"CKV_AWS_158": _OWN_KEY},
    "RestAPI": {
        "CKV_AWS_73": "a matter of the parameter XRay, since it is paid by the request",
        "CKV_AWS_76": f"it needs a role that is set once for a whole account, not by one stack; {_VISITORS}",
        "CKV_AWS_120": "CloudFront keeps what may be kept; a cache in API Gateway costs 14 dollars a month",
    },
    "DataBucket": {"CKV_AWS_18": "only the stack's own functions read and write it, and they log what they do"},
    "SiteBucket": {"CKV_AWS_18": "only this stack's CloudFront reads it, and what is in it is public"},
    "Distribution": {
        "CKV_AWS_86": _VISITORS,
        "CKV_AWS_174": "so it is with DomainName; the certificate of *.cloudfront.net comes with AWS's own choice",
    },
    "AlarmTopic": {"CKV_AWS_26": "CloudWatch may not use AWS's key for SNS, and an alarm holds no secrets"},
}

CFN_LINT: dict[str, dict[str, str]] = {
    "Distribution": {"W1030": "CertificateArn is empty only where the condition HasDomain leaves it out"},
}
