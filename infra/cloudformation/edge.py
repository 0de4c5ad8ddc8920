"""CloudFront: one address for the page and the API, what it may keep, and the headers that it adds.

`/api/*` goes to API Gateway, whose stage is called `api`, everything else to the page's bucket. What may be kept, and
for how long, is said by Cache-Control: the API's for its answers, the uploaded objects' for the page.
"""

from pathlib import Path

from infra.cloudformation.parameters import Json, when
from infra.page.headers import page_headers
from infra.paths import SITE

# AWS's own policies, whose ids are the same in every account.
_NO_CACHE = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
_FORWARD = "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # AllViewerExceptHostHeader: API Gateway knows its own name only
_YEAR = 31536000
_READ = ["GET", "HEAD", "OPTIONS"]
_ALL = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
_ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)  # that CloudFront would keep for ten seconds
_SECURITY = {"Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options"}


def resources() -> Json:
    """Return the distribution and what it consists of."""
    index = (SITE / "index.html").read_text("utf-8")
    return {
        "Distribution": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": _config()}},
        "SiteAccess": _site_access(),
        "Negotiate": _function(),
        "PageCache": _cache("page", "What the page's objects say", {"QueryStringBehavior": "none"}, []),
        "AnswersCache": _cache("answers", "What the API says", {"QueryStringBehavior": "all"}, ["Accept"]),
        "PageHeaders": _headers("page", page_headers(index)),
        "ApiHeaders": _headers("api", _api_headers()),
        "VisitorLimit": _visitor_limit(),
    }


def _config() -> Json:
    return {
        "Comment": {"Fn::Sub": "${AWS::StackName}"},
        "Enabled": True,
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "PriceClass": "PriceClass_100",
        "DefaultRootObject": "index.html",
        "Aliases": when("HasDomain", [{"Ref": "DomainName"}]),
        "ViewerCertificate": when(
            "HasDomain",
            {
                "AcmCertificateArn": {"Ref": "CertificateArn"},
                "MinimumProtocolVersion": "TLSv1.2_2021",
                "SslSupportMethod": "sni-only",
            },
        ),
        "WebACLId": when("LimitsVisitors", {"Fn::GetAtt": ["VisitorLimit", "Arn"]}),
        "Origins": [_site_origin(), _api_origin()],
        "DefaultCacheBehavior": _page_behaviour(),
        "CacheBehaviors": [
            # Shards never change; weights of a version neither, the current ones are asked for each time.
            _api_behaviour("/api/datablock/*", {"Ref": "AnswersCache"}),
            _api_behaviour("/api/weights", {"Ref": "AnswersCache"}),
            _api_behaviour("/api/*", _NO_CACHE),
            _api_behaviour("/api", _NO_CACHE),
        ],
        "CustomErrorResponses": [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in _ERRORS],
    }


def _site_origin() -> Json:
    return {
        "Id": "site",
        "DomainName": {"Fn::GetAtt": ["SiteBucket", "RegionalDomainName"]},
        "OriginAccessControlId": {"Fn::GetAtt": ["SiteAccess", "Id"]},
        "S3OriginConfig": {"OriginAccessIdentity": ""},  # required, and empty beside an access control
    }


def _api_origin() -> Json:
    return {
        "Id": "api",
        "DomainName": {"Fn::Sub": "${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}"},
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]},
    }


def _page_behaviour() -> Json:
    return {
        "TargetOriginId": "site",
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": _READ,
        "CachedMethods": _READ,
        "CachePolicyId": {"Ref": "PageCache"},
        "Compress": True,
        "ResponseHeadersPolicyId": {"Ref": "PageHeaders"},
        "FunctionAssociations": [
            {
                "EventType": "viewer-request",
                "FunctionARN": {"Fn::GetAtt": ["Negotiate", "FunctionMetadata.FunctionARN"]},
            }
        ],
    }


def _api_behaviour(path: str, cache: str | Json) -> Json:
    """Return how requests for a path reach the API, which compresses its answers itself."""
    return {
        "PathPattern": path,
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "https-only",  # a redirection would come after a token was sent in the open
        "AllowedMethods": _ALL,
        "CachedMethods": ["GET", "HEAD"],
        "CachePolicyId": cache,
        "OriginRequestPolicyId": _FORWARD,
        "Compress": False,
        "ResponseHeadersPolicyId": {"Ref": "ApiHeaders"},
    }


def _site_access() -> Json:
    config = {
        "Name": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"},
        "OriginAccessControlOriginType": "s3",
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    }
    return {
        "Type": "AWS::CloudFront::OriginAccessControl",
        "Properties": {"OriginAccessControlConfig": config},
    }


def _function() -> Json:
    return {
        "Type": "AWS::CloudFront::Function",
        "Properties": {
            "Name": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}-negotiate"},
            "AutoPublish": True,
            "FunctionCode": Path(__file__).with_name("negotiate.js").read_text("utf-8"),
            "FunctionConfig": {"Comment": "Files compressed at build time", "Runtime": "cloudfront-js-2.0"},
        },
    }


def _cache(name: str, comment: str, queries: Json, headers: list[str]) -> Json:
    """Return a cache that keeps what Cache-Control lets it keep, and nothing of which nothing is said."""
    told: Json = {"HeaderBehavior": "whitelist", "Headers": headers} if headers else {"HeaderBehavior": "none"}
    config = {
        "Name": {"Fn::Sub": f"${{AWS::StackName}}-${{AWS::Region}}-{name}"},
        "Comment": comment,
        "MinTTL": 0,
        "DefaultTTL": 0,
        "MaxTTL": _YEAR,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "CookiesConfig": {"CookieBehavior": "none"},
            "EnableAcceptEncodingBrotli": not headers,  # the API speaks gzip only
            "EnableAcceptEncodingGzip": True,
            "HeadersConfig": told,
            "QueryStringsConfig": queries,
        },
    }
    return {"Type": "AWS::CloudFront::CachePolicy", "Properties": {"CachePolicyConfig": config}}


def _api_headers() -> dict[str, str]:
    """Return headers for the API's answers, which foreign pages may read."""
    return {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _headers(name: str, headers: dict[str, str]) -> Json:
    """Return CloudFront's policy for headers; the API's /docs brings a Content-Security-Policy of its own."""
    config = {
        "Name": {"Fn::Sub": f"${{AWS::StackName}}-${{AWS::Region}}-{name}"},
        "SecurityHeadersConfig": {
            "ContentSecurityPolicy": {
                "ContentSecurityPolicy": headers["Content-Security-Policy"],
                "Override": name != "api",
            },
            "ContentTypeOptions": {"Override": True},
            "FrameOptions": {"FrameOption": headers["X-Frame-Options"], "Override": True},
            "ReferrerPolicy": {"ReferrerPolicy": headers["Referrer-Policy"], "Override": True},
            "StrictTransportSecurity": {
                "AccessControlMaxAgeSec": _YEAR,
                "IncludeSubdomains": True,
                "Override": True,
            },
        },
        "CustomHeadersConfig": {
            "Items": [
                {"Header": header, "Value": value, "Override": True}
                for header, value in sorted(headers.items())
                if header not in _SECURITY
            ]
        },
    }
    return {
        "Type": "AWS::CloudFront::ResponseHeadersPolicy",
        "Properties": {"ResponseHeadersPolicyConfig": config},
    }


def _visitor_limit() -> Json:
    """Return a limit for each address, answered in the API's shape."""
    seen = {"CloudWatchMetricsEnabled": True, "MetricName": "requests", "SampledRequestsEnabled": False}
    answer = (
        '{"error":{"code":"too_many_requests","message":"too many requests from one address: wait a few minutes"}}'
    )
    return {
        "Type": "AWS::WAFv2::WebACL",
        "Condition": "LimitsVisitors",
        "Properties": {
            "Scope": "CLOUDFRONT",
            "DefaultAction": {"Allow": {}},
            "VisibilityConfig": seen,
            "CustomResponseBodies": {"TooMany": {"ContentType": "APPLICATION_JSON", "Content": answer}},
            "Rules": [
                {
                    "Name": "PerVisitor",
                    "Priority": 0,
                    "Action": {
                        "Block": {"CustomResponse": {"ResponseCode": 429, "CustomResponseBodyKey": "TooMany"}}
                    },
                    "Statement": {
                        "RateBasedStatement": {"AggregateKeyType": "IP", "Limit": {"Ref": "RequestsPerVisitor"}}
                    },
                    "VisibilityConfig": seen | {"MetricName": "limited"},
                }
            ],
        },
    }
