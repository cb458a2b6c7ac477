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
- What a domain of OpenSearch says of its service software has the name that AWS gives it; moto has it under another name.
- Of the managed policies of AWS there are the two that remediators look for; moto has none, or all of them, and is slow then.
- Connections stay open for the next request, requests are not logged, and what depends on the model of a service alone is looked up once: the service of a
  host, the names of operations, the names under which an object may have a member. So are names of headers, and patterns of filters. XML is written as
  text. Most of the time of a request goes there otherwise.
- It ends when its standard input does, so that it never outlives what started it.
"""

import datetime
import fnmatch
import functools
import http.client
import io
import json
import os
import string
import sys
import threading
import types

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
# No browser asks.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")

from botocore.exceptions import ClientError  # noqa: E402
from moto.core import request as request_module, responses, serialize  # noqa: E402
from moto.core.responses import ActionResult  # noqa: E402
from moto.core.utils import MISSING  # noqa: E402
from moto.ec2.models.security_groups import SecurityGroupRule  # noqa: E402
from moto.ec2.responses.elastic_block_store import ElasticBlockStore  # noqa: E402
from moto.ec2.responses.settings import Settings  # noqa: E402
from moto.ec2.utils import filter_dict_attribute_mapping  # noqa: E402
from moto.iam import models  # noqa: E402
from moto.moto_api._internal.moto_random import MotoRandom  # noqa: E402
from moto.opensearch.models import OpenSearchDomain  # noqa: E402
from moto.moto_server import werkzeug_app  # noqa: E402
from moto.rds.models import DBCluster  # noqa: E402
from moto import server  # noqa: E402
from werkzeug.exceptions import HTTPException, InternalServerError  # noqa: E402
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

_original_domain = OpenSearchDomain.dct_options


def _domain(self):
    options = _original_domain(self)
    # Its date is no date of the API.
    software = {name: of for name, of in options["SoftwareUpdateOptions"].items() if name != "AutomatedUpdateDate"}
    return {**options, "ServiceSoftwareOptions": software}


OpenSearchDomain.dct_options = _domain


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


def _random_string(self, length=20, include_digits=True, lower_case=False):
    text = "".join(self.choices(string.ascii_letters + (string.digits if include_digits else ""), k=length))
    return text.lower() if lower_case else text


# Each reply has an id of 52 of them.
MotoRandom.get_random_string = _random_string
responses.method_names_from_class = functools.lru_cache(maxsize=None)(responses.method_names_from_class)
responses.camelcase_to_underscores = functools.lru_cache(maxsize=None)(responses.camelcase_to_underscores)
# Headers have the same names in each request.
for module in request_module, werkzeug_app:
    for name in "environ_key_for_header", "should_preserve_original_header_name":
        setattr(module, name, functools.lru_cache(maxsize=10_000)(getattr(request_module, name)))
# Each look at the tags of a resource is a filter by its id.
fnmatch.translate = functools.lru_cache(maxsize=1000)(fnmatch.translate)

# The names under which an object may have a member follow from the shape of the member and the class of the object; and which places of a reply are
# changed on their way, from the class of the response.
_names_of = {}
_places_of = {}
_get_value = serialize.ResponseSerializer.get_value


def _value_of(self, value, key, shape):
    picker = self._value_picker
    if type(picker) is not serialize.XFormedAttributePicker:
        return _get_value(self, value, key, shape)
    kind = (shape, key, type(value))
    names = _names_of.get(kind)
    if names is None:
        context = serialize.AttributePickerContext(obj=value, key=key, shape=shape)
        names = _names_of[kind] = tuple(dict.fromkeys(picker.get_possible_keys(context)))
    here = type(value)
    for name in names:
        # Where a name has a dot, and what is a dictionary in disguise, moto knows.
        if "." in name:
            found = serialize.get_value(value, name, MISSING)
        elif here is dict:
            found = value.get(name, MISSING)
        elif hasattr(here, "__getitem__"):
            found = serialize.get_value(value, name, MISSING)
        else:
            found = getattr(value, name, MISSING)
        if found is not MISSING:
            break
    else:
        found = None
    changed = picker.response_transformers
    if changed:
        kind = (id(changed), len(changed), key)
        places = _places_of.get(kind)
        if places is None:
            places = _places_of[kind] = tuple(place for place in changed if "." not in place or place.rpartition(".")[2] == key)
        if places:
            here = ".".join((*self.path, key))
            for place in places:
                if here.endswith(place):
                    return changed[place](found)
    return found


serialize.ResponseSerializer.get_value = _value_of
_CONTROL = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_QUOTED = {**_CONTROL, ord('"'): "&quot;", ord("\n"): "&#10;", ord("\r"): "&#13;", ord("\t"): "&#9;"}


def _write_xml(key, value, out):
    """An element for each value, as xmltodict writes it without indentation."""
    for each in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(each, bool):
            each = "true" if each else "false"
        elif isinstance(each, bytes):
            each = each.decode("utf-8", "replace")
        if not isinstance(each, dict):
            text = "" if each is None else str(each).translate(_CONTROL)
            out.append(f"<{key}>{text}</{key}>" if text else f"<{key}/>")
            continue
        attributes = "".join(f' {name[1:]}="{str(of).translate(_QUOTED)}"' for name, of in each.items() if name[0] == "@")
        inside = []
        for name, of in each.items():
            if name[0] not in "@#" and of != []:
                _write_xml(name, of, inside)
        if each.get("#text") is not None:
            inside.append(str(each["#text"]).translate(_CONTROL))
        content = "".join(inside)
        out.append(f"<{key}{attributes}>{content}</{key}>" if content else f"<{key}{attributes}/>")


def _xml_of(body, full_document=True, **_):
    out = ['<?xml version="1.0" encoding="utf-8"?>\n'] if full_document else []
    for key, value in body.items():
        _write_xml(key, value, out)
    return "".join(out)


serialize.xmltodict = types.SimpleNamespace(unparse=_xml_of)


class _Headers(http.client.HTTPMessage):
    """As they were sent. A message looks at each of them as it would at one of a mail, whenever it is asked."""

    def items(self):
        return list(self._headers)


def _headers_of(stream, _class=http.client.HTTPMessage):
    """The headers of a request, a line each; a parser of mail reads them otherwise."""
    headers = _Headers()
    while (line := stream.readline(65_537)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("iso-8859-1").partition(":")
        headers._headers.append((name, value.strip()))
    return headers


http.client.parse_headers = _headers_of


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


@functools.lru_cache(maxsize=1000)
def _view_of(app, method, path):
    """What answers a method of a path. None: the web framework knows better, as of a path that it redirects."""
    try:
        endpoint, _ = app.url_map.bind("localhost", path_info=path).match(method=method)
    except HTTPException:
        return None
    return app.view_functions[endpoint].callback


class Dispatcher(werkzeug_app.DomainDispatcherApplication):
    """Calls the code of a service without the web framework around it, of which it uses the request and the response alone."""

    def get_backend_for_host(self, host):
        return _backend_for_host(host)

    def __call__(self, environ, start_response):
        app = self.get_application(environ)
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        view = None if app.service == "moto_api" else _view_of(app, environ["REQUEST_METHOD"], path)
        if view is None:
            return app(environ, start_response)
        request = app.request_class(environ)
        try:
            result = view(request, request.raw_url, dict(request.headers))
        except ClientError as error:
            result = 400, {}, error.response["Error"]["Message"]
        except HTTPException as error:
            return error.get_response(environ)(environ, start_response)
        status, headers, content = result if len(result) == 3 else (200, {}, result)
        response = app.response_class(response=content, status=status, headers=headers)
        if request.method == "HEAD" and "content-length" in headers:
            response.headers["Content-Length"] = headers["content-length"]
        return response(environ, start_response)


server.DomainDispatcherApplication = Dispatcher


def _end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


if "REDRESS_MOTO_DETACHED" not in os.environ:
    threading.Thread(target=_end_with_parent, daemon=True).start()
server.main(["-H", "127.0.0.1", "-p", sys.argv[1]])
