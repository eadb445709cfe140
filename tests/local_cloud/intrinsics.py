"""CloudFormation: functions inside the values that Conditions compare. MiniStack knows Ref and Select there.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
"""
import re

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import changesets, engine, handlers, stacks

_original = {}


def _evaluate_conditions(template, params):
    parameters, mappings = template.get("Parameters") or {}, template.get("Mappings") or {}
    pseudo = {"AWS::Region": get_region(), "AWS::AccountId": get_account_id(), "AWS::Partition": "aws"}

    def reference(name):
        value = params[name]["Value"] if name in params else pseudo.get(name, name)
        if str(parameters.get(name, {}).get("Type", "")).startswith(("CommaDelimitedList", "List<")) \
                and isinstance(value, str):
            return [item.strip() for item in value.split(",")]
        return value

    def substitute(text, own):
        def found(match):
            name = match[1].strip()
            return "${" + name[1:] + "}" if name.startswith("!") else str(own[name] if name in own else reference(name))
        return re.sub(r"\$\{([^}]+)\}", found, text)

    def value(node):
        """What a node stands for; conditions among its values stay as they are."""
        if isinstance(node, list):
            return [value(item) for item in node]
        if not isinstance(node, dict) or len(node) != 1:
            return node
        (function, given), = node.items()
        if function == "Ref":
            return reference(given)
        if function == "Fn::Join":
            between, items = given[0], value(given[1])
            return between.join(map(str, items if isinstance(items, list) else [items]))
        if function == "Fn::Split":
            return str(value(given[1])).split(given[0])
        if function == "Fn::Select":
            items = value(given[1])
            return items[int(value(given[0]))] if isinstance(items, list) else node
        if function == "Fn::Sub":
            text, own = given if isinstance(given, list) else (given, {})
            return substitute(text, {name: value(item) for name, item in own.items()})
        if function == "Fn::FindInMap":
            top, second, third = (value(item) for item in given[:3])
            return mappings[top][second][third]
        return {function: value(given)}

    def settled(node):
        """A condition whose comparisons hold plain values."""
        if isinstance(node, dict) and "Fn::Equals" in node:
            left, right = (",".join(map(str, v)) if isinstance(v, list) else v for v in map(value, node["Fn::Equals"]))
            return {"Fn::Equals": [left, right]}
        if isinstance(node, dict):
            return {name: settled(item) for name, item in node.items()}
        return [settled(item) for item in node] if isinstance(node, list) else node

    conditions = {name: settled(node) for name, node in (template.get("Conditions") or {}).items()}
    return _original["conditions"]({**template, "Conditions": conditions}, params)


def install():
    from replace import replace
    for module in (engine, changesets, handlers, stacks):
        _original["conditions"] = replace(module, "_evaluate_conditions", _evaluate_conditions)
