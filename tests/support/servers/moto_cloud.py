"""An account of AWS on moto's server. `tests.support.aws.cloud` imports it late, since that takes two seconds.

moto's CloudFormation knows no CloudFront, and a change set leaves it without outputs: both are taught to it here.
docs/deploy.md lists what else it cannot do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet
from moto.cloudformation.parsing import OutputMap
from moto.cloudfront.models import cloudfront_backends
from moto.core.common_models import CloudFormationModel
from moto.server import ThreadedMotoServer

from infra.deploy import cloudformation_stack


class Distribution(CloudFormationModel):
    """What moto lacks: AWS::CloudFront::Distribution in a template."""

    model: Any  # moto's own, which its CloudFront answers with

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudFront::Distribution"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in ("DomainName", "Id")

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> "Distribution":
        del cloudformation_json, region_name, kwargs
        config = {
            "CallerReference": resource_name,
            "Origins": {"Items": [{"Id": "site", "DomainName": "site.example"}]},
            "DefaultCacheBehavior": {"TargetOriginId": "site", "ViewerProtocolPolicy": "https-only"},
        }
        made = cls()
        made.model = cloudfront_backends[account_id]["aws"].create_distribution(config, [])[0]
        return made

    @property
    def physical_resource_id(self) -> str:
        return str(self.model.distribution_id)

    def get_cfn_attribute(self, name: str) -> str:
        return str({"Id": self.model.distribution_id, "DomainName": self.model.domain_name}[name])

    def delete(self, account_id: str, region_name: str) -> None:
        del region_name
        del cloudfront_backends[account_id]["aws"].distributions[self.model.distribution_id]


def _apply(self: ChangeSet) -> None:
    """Carry a change set out, and then know the stack's outputs."""
    _plain_apply(self)
    self.stack.output_map = OutputMap(self.stack.resource_map, self.template_dict, self.stack_id)


_plain_apply = ChangeSet.apply


@contextmanager
def running(region: str) -> Iterator[str]:
    """Run the server with an empty account, point boto3 at it, and yield its address."""
    parsing.get_model_list.cache_clear()
    parsing.get_model_map.cache_clear()
    parsing.get_name_type_map.cache_clear()
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        patch.setenv("AWS_DEFAULT_REGION", region)
        patch.delenv("SCRAWL_WRITE_TOKEN", raising=False)
        patch.setattr(cloudformation_stack, "PAUSE", 0.01)
        patch.setattr(ChangeSet, "apply", _apply)
        requests.post(f"{address}/moto-api/reset", timeout=30)
        yield address
        requests.post(f"{address}/moto-api/reset", timeout=30)
        server.stop()
