"""The service models of botocore, asked: one question a line on standard input, one answer a line on standard output."""

import base64
import datetime
import json
import re
import sys

import botocore.hooks
import botocore.loaders
import botocore.model
import botocore.validate

loader = botocore.loaders.Loader()
available = set(loader.list_available_services("service-2"))
# Botocore has names of its own for services; the id is AWS's, and every SDK's.
aliases = {service_id: name for name, service_id in botocore.hooks.EVENT_ALIASES.items() if name in available}
models = {}


def model(service_id):
    if service_id not in models:
        hyphenized = botocore.model.ServiceId(service_id).hyphenize()
        for name in (aliases.get(hyphenized), hyphenized, hyphenized.replace("-", "")):
            if name in available:
                found = botocore.model.ServiceModel(loader.load_service_model(name, "service-2"), service_name=name)
                if found.metadata["serviceId"] == service_id:
                    models[service_id] = found
                    break
        else:
            raise LookupError(f"botocore has no service of the id {service_id}")
    return models[service_id]


def definition(shape):
    """What a call or a reply has to be, without words about it."""
    made = {"type": shape.type_name}
    if shape.type_name == "structure":
        made["members"] = {name: member.name for name, member in shape.members.items()}
        made["required"] = list(shape.required_members)
        made["tokens"] = [name for name, member in shape.members.items() if member.metadata.get("idempotencyToken")]
    elif shape.type_name == "list":
        made["member"] = shape.member.name
    elif shape.type_name == "map":
        made["key"], made["value"] = shape.key.name, shape.value.name
    for trait in ("enum", "pattern", "min", "max"):
        if shape.metadata.get(trait):
            made[trait] = shape.metadata[trait]
    return made


def described(service_id, operation):
    found = model(service_id).operation_model(operation)
    shapes = {}
    errors = [
        {
            "name": shape.name,
            "code": shape.metadata.get("error", {}).get("code", shape.name),
            "status": shape.metadata.get("error", {}).get("httpStatusCode", 400),
            "says": re.sub(r"<[^>]*>", "", shape.documentation or ""),
        }
        for shape in found.error_shapes
    ]

    def add(shape):
        if shape is None or shape.name in shapes:
            return shape and shape.name
        shapes[shape.name] = definition(shape)
        for inner in list(getattr(shape, "members", {}).values()) + [getattr(shape, each) for each in ("member", "key", "value") if hasattr(shape, each)]:
            add(inner)
        return shape.name

    return {"input": add(found.input_shape), "output": add(found.output_shape), "shapes": shapes, "errors": errors}


def native(value):
    """Bytes and dates, which JSON does not have."""
    if isinstance(value, list):
        return [native(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    if "$date" in value:
        return datetime.datetime.fromisoformat(value["$date"].replace("Z", "+00:00"))
    return {name: native(each) for name, each in value.items()}


def limits(shape, value, path, problems):
    """What botocore leaves to the service: enumerations, patterns and upper bounds."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, each in value.items():
            if name in shape.members:
                limits(shape.members[name], each, f"{path}.{name}", problems)
    elif shape.type_name == "list" and isinstance(value, list):
        for index, each in enumerate(value):
            limits(shape.member, each, f"{path}[{index}]", problems)
    elif shape.type_name == "map" and isinstance(value, dict):
        for name, each in value.items():
            limits(shape.key, name, f"{path}.{name}", problems)
            limits(shape.value, each, f"{path}.{name}", problems)
    most = shape.metadata.get("max")
    if most is not None and isinstance(value, (str, bytes, list, dict)) and len(value) > most:
        problems.append(f"{path}: {len(value)} is longer than {most}")
    if most is not None and isinstance(value, (int, float)) and value > most:
        problems.append(f"{path}: {value} is more than {most}")
    if isinstance(value, str):
        allowed = shape.metadata.get("enum")
        if allowed and value not in allowed:
            problems.append(f"{path}: {json.dumps(value)} is none of {', '.join(allowed)}")
        pattern = shape.metadata.get("pattern")
        if pattern and not matches(pattern, value):
            problems.append(f"{path}: {json.dumps(value)} does not match {pattern}")
    return problems


POSIX = {"\\p{L}": "^\\W\\d_", "\\p{Z}": "\\s", "\\p{N}": "\\d", "\\p{Alnum}": "A-Za-z0-9", "\\p{Alpha}": "A-Za-z", "\\p{Digit}": "0-9", "\\p{Graph}": "!-~", "\\p{Print}": " -~", "\\p{ASCII}": "\\x00-\\x7f"}
unread = set()


def matches(pattern, value):
    """Patterns are of Java. Those that Python cannot read are counted, and decide nothing."""
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None or re.search(f"^(?:{pattern})$", value) is not None
    except re.error:
        unread.add(pattern)
        return True


def validated(service_id, operation, given):
    found = model(service_id).operation_model(operation)
    shape, value = found.input_shape, native(given)
    if shape is None:
        return [] if not value else [f"it takes no input: {', '.join(value)}"]
    # Every SDK fills in a token that is left out.
    for name, member in shape.members.items():
        if member.metadata.get("idempotencyToken"):
            value.setdefault(name, "0" * 36)
    report = botocore.validate.ParamValidator().validate(value, shape)
    text = report.generate_report()
    return (text.split("\n") if text else []) + limits(shape, value, operation, [])


for line in sys.stdin:
    asked = json.loads(line)
    what = {"describe": described, "validate": validated}.get(asked.pop("ask"))
    try:
        answer = {"answer": what(**asked) if what else sorted(unread)}
    except Exception as error:
        answer = {"broken": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
