"""An AWS emulator for tests and the demo: moto's server, with a few additions.

- EC2 answers GetEbsDefaultKmsKeyId: the AWS managed key, which is what an account has that never chose another. ModifyEbsDefaultKmsKeyId
  takes any key, whether it exists or not, and ResetEbsDefaultKmsKeyId goes back.
- DescribeSecurityGroupRules says by GroupOwnerId whose the group is, as AWS does.
- DescribeInstances knows the filter `network-interface.group-id`, by the groups of the instance: moto answers it with an error as soon as there is one.
- IAM has no clock to turn: access keys of users named `old-*` are dated 200 days back.
- Users and groups get unique ids of AWS's form (AIDA…, AGPA…), as AWS Config names them.
- IAM has no calls for the root user of an account. Here it is a user of the name `root`: its keys, MFA devices and password are what the summary of
  the account says of the root user, and its virtual devices are assigned to `:root`. Without such a user the summary is moto's.
- A DB cluster shows whether it lets in by IAM as it was modified last; moto shows how it was made.
- Of the managed policies of AWS there are the two that remediators look for; moto has none, or all of them, and is slow then.
- Connections stay open for the next request, requests are not logged, and which service serves a host is looked up once, as are the names under which
  an object may have a member: most of the time of a request goes there otherwise.
- It ends when its standard input does, so that it never outlives what started it.
"""

import datetime
import functools
import io
import json
import os
import sys
import threading

import xmltodict

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

from moto.core.responses import ActionResult  # noqa: E402
from moto.core.serialize import XFormedAttributePicker  # noqa: E402
from moto.ec2.models.security_groups import SecurityGroupRule  # noqa: E402
from moto.ec2.responses.elastic_block_store import ElasticBlockStore  # noqa: E402
from moto.ec2.responses.settings import Settings  # noqa: E402
from moto.ec2.utils import filter_dict_attribute_mapping  # noqa: E402
from moto.iam import models  # noqa: E402
from moto.moto_server import werkzeug_app  # noqa: E402
from moto.rds.models import DBCluster  # noqa: E402
from moto import server  # noqa: E402
from werkzeug.exceptions import InternalServerError  # noqa: E402
from werkzeug.wsgi import get_input_stream  # noqa: E402

_original = models.AccessKey.__init__


def _dated(self, *args, **kwargs):
    _original(self, *args, **kwargs)
    if str(getattr(self, "user_name", "")).startswith("old-"):
        self.create_date = self.create_date - datetime.timedelta(days=200)


models.AccessKey.__init__ = _dated
SecurityGroupRule.group_owner_id = property(lambda self: self.owner_id)
filter_dict_attribute_mapping["network-interface.group-id"] = filter_dict_attribute_mapping["instance.group-id"]

_original_user = models.User.__init__


def _user(self, *args, **kwargs):
    _original_user(self, *args, **kwargs)
    self.id = ("AIDA" + self.id.upper() + "X" * 17)[:21]


models.User.__init__ = _user

_original_group = models.Group.__init__


def _group(self, *args, **kwargs):
    _original_group(self, *args, **kwargs)
    self.id = ("AGPA" + self.id.upper() + "X" * 17)[:21]


models.Group.__init__ = _group

_HELD = ("AWSSupportAccess", "AWSCloudShellFullAccess")
_policies = json.loads(models.aws_managed_policies_data)
models.IAMBackend._init_aws_policies = lambda self: [
    models.AWSManagedPolicy.from_data(name, self.account_id, self.region_name, _policies[name]) for name in _HELD
]

_original_summary = models.AccountSummary.summary_map.fget


def _summary(self):
    found = _original_summary(self)
    root = self._iam_backend.users.get("root")
    if root is None:
        return found
    return {
        **found,
        "AccountMFAEnabled": 1 if root.mfa_devices else 0,
        "AccountAccessKeysPresent": 1 if root.access_keys else 0,
        "AccountPasswordPresent": 1 if root.password else 0,
    }


models.AccountSummary.summary_map = property(_summary)

_original_arn = models.User.arn.fget
models.User.arn = property(lambda self: f"arn:aws:iam::{self.account_id}:root" if self.name == "root" else _original_arn(self))

DBCluster.iam_database_authentication_enabled = property(lambda self: bool(getattr(self, "enable_iam_database_authentication", self.iam_auth)))

# moto finds operations of a response class by the names of its methods.
def _ebs_key(self):
    return ActionResult({"KmsKeyId": getattr(self.ec2_backend, "chosen_ebs_key", None) or "alias/aws/ebs"})


def _modify_ebs_key(self):
    self.ec2_backend.chosen_ebs_key = self._get_param("KmsKeyId")
    return _ebs_key(self)


def _reset_ebs_key(self):
    self.ec2_backend.chosen_ebs_key = None
    return _ebs_key(self)


Settings.get_ebs_default_kms_key_id = _ebs_key
Settings.reset_ebs_default_kms_key_id = _reset_ebs_key
ElasticBlockStore.modify_ebs_default_kms_key_id = _modify_ebs_key

# They follow from the shape of the member and the class of the object, and are asked for with each object of a list.
_names_of = {}
_possible_keys = XFormedAttributePicker.get_possible_keys


def _remembered_keys(self, context):
    key = (type(self), tuple(self.alias_providers), type(context.obj), context.shape, context.key)
    if key not in _names_of:
        _names_of[key] = tuple(dict.fromkeys(_possible_keys(self, context)))
    return _names_of[key]


XFormedAttributePicker.get_possible_keys = _remembered_keys
# The name of each element is looked at character by character.
xmltodict._validate_name = functools.lru_cache(maxsize=None)(xmltodict._validate_name)


class Handler(werkzeug_app.MotoRequestHandler):
    """Serves request after request of a connection. That of werkzeug closes each: it may not have read all of a body. Here all is read first."""

    protocol_version = "HTTP/1.1"
    # A reply is sent as a whole.
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def run_wsgi(self):
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(get_input_stream(environ).read())
        answer = []

        def start_response(status, headers, exc_info=None):
            answer[:] = [status, headers]
            return None

        def called(app):
            parts = app(environ, start_response)
            try:
                return b"".join(parts)
            finally:
                if hasattr(parts, "close"):
                    parts.close()

        try:
            body = called(self.server.app)
        except Exception as error:
            self.server.log("error", f"Error on request: {error!r}")
            body = called(InternalServerError())
        code, _, reason = answer[0].partition(" ")
        self.send_response(int(code), reason)
        # What the length of a body is, is counted: a wrong one would be read as the next reply. Of a HEAD only the application knows it.
        bare = self.command == "HEAD" or code in ("204", "304")
        for name, value in answer[1]:
            if bare or name.lower() != "content-length":
                self.send_header(name, value)
        if not bare:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bare:
            self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code="-", size="-"):
        pass


server.MotoRequestHandler = Handler
# It depends on nothing else than its argument: a list of modules, and two hundred patterns.
_backend_for_host = functools.lru_cache(maxsize=None)(lambda host: _dispatcher.get_backend_for_host(host))
_dispatcher = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)


class Dispatcher(werkzeug_app.DomainDispatcherApplication):
    def get_backend_for_host(self, host):
        return _backend_for_host(host)


server.DomainDispatcherApplication = Dispatcher


def _end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


if "REDRESS_MOTO_DETACHED" not in os.environ:
    threading.Thread(target=_end_with_parent, daemon=True).start()
server.main(["-H", "127.0.0.1", "-p", sys.argv[1]])
