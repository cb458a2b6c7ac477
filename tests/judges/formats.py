"""Validates documents, one a line on standard input: {"format": "ocsf" | "oscal", "document": {}}. Prints what is wrong with each, one list a line."""

import json
import sys


def ocsf():
    from jsonschema import Draft202012Validator
    from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))
    validators = {}

    def problems(event):
        name = schemas.lookup_class_name_from_uid(event["class_uid"])
        if event["metadata"]["version"] != "1.8.0":
            return ["metadata.version: not 1.8.0"]
        if name not in validators:
            validators[name] = Draft202012Validator(schemas.get_class_schema(name, profiles=event["metadata"]["profiles"]))
        return [f"{error.json_path}: {error.message[:300]}" for error in validators[name].iter_errors(event)]

    return problems


def oscal():
    import pathlib
    import tempfile

    from trestle.oscal.assessment_results import AssessmentResults
    from trestle.oscal.poam import PlanOfActionAndMilestones

    models = {"assessment-results": AssessmentResults, "plan-of-action-and-milestones": PlanOfActionAndMilestones}
    folder = pathlib.Path(tempfile.mkdtemp())

    def problems(document):
        [name] = document
        path = folder / "document.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        try:
            read = models[name].oscal_read(path)
        except Exception as error:
            return [str(error)[:2000]]
        return [] if read is not None else ["it was not read"]

    return problems


def main(kind):
    problems = {"ocsf": ocsf, "oscal": oscal}[kind]()
    for line in sys.stdin:
        print(json.dumps(problems(json.loads(line))), flush=True)


main(sys.argv[1])
