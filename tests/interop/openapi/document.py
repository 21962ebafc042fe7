"""The description as a service gives it, made ready for the checker."""

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


def operations(document):
    """Every operation: its method, path and definition."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def guarded(document):
    """Whether each operation asks for authentication."""
    return {
        f"{method} {path}": bool(definition.get("security")) and {} not in definition["security"]
        for method, path, definition in operations(document)
    }


def refresh(document, fresh):
    """Puts values that age into the examples, and takes out who may call: the run decides that.

    `fresh` gives them by the name of a parameter or member, for a method and a path; `None` removes
    a member.
    """
    document["components"].pop("securitySchemes", None)
    for method, path, definition in operations(document):
        definition.pop("security", None)
        values = fresh(method, path)
        for parameter in definition.get("parameters", []):
            if values.get(parameter["name"]) is not None:
                parameter["example"] = values[parameter["name"]]
                parameter.pop("examples", None)
        for content in definition.get("requestBody", {}).get("content", {}).values():
            schema = resolved(document, content.get("schema", {}))
            example = sample(schema, document)
            for name, value in values.items():
                if name in schema.get("properties", {}):
                    example[name] = value
            content["example"] = {
                name: value for name, value in example.items() if value is not None
            }


def sample(schema, document):
    """The example of an object, made of those of its members."""
    if isinstance(schema.get("example"), dict):
        return dict(schema["example"])
    members = schema.get("properties", {})
    found = {}
    for name, member in members.items():
        value = first_example(resolved(document, member))
        if value is not None:
            found[name] = value
    return found


def first_example(schema):
    if "example" in schema:
        return schema["example"]
    return next(iter(schema.get("examples", [])), None)


def resolved(document, schema):
    """The schema that a reference names, also one beside `null`."""
    for choice in schema.get("oneOf", []):
        if "$ref" in choice:
            return resolved(document, choice)
    reference = schema.get("$ref")
    if not reference:
        return schema
    target = document
    for part in reference.removeprefix("#/").split("/"):
        target = target[part]
    return target
