"""Nested stacks: SAM inside them, and nothing left behind when one fails."""
import contextvars
import logging

from ministack.services.cloudformation import _stacks, engine
from ministack.services.cloudformation import provisioners as cfn

log = logging.getLogger("nested")
_inside = contextvars.ContextVar("inside a nested stack", default=False)
_original = {}


def _parse_template(template_body):
    """A nested template is transformed like a root one, which MiniStack does not do."""
    template = _original["parse"](template_body)
    if not _inside.get():
        return template
    template = engine._apply_transforms(template)
    if isinstance(template, engine._TransformFailed):
        raise ValueError(f"the template could not be transformed: {template}")
    return template


def _cfn_nested_stack_deploy(logical_id, props, parent_stack_name, *, previous_physical_id=None,
                             previous_props=None):
    before = set(_stacks)
    token = _inside.set(True)
    try:
        return _original["deploy"](logical_id, props, parent_stack_name, previous_physical_id=previous_physical_id,
                                   previous_props=previous_props)
    except Exception as problem:
        children = [name for name in _stacks if name.startswith(f"{parent_stack_name}-{logical_id}-")]
        reason = next((_stacks[c]["StackStatusReason"] for c in children if _stacks[c].get("StackStatusReason")),
                      str(problem))
        for name in set(children) - before:  # an update keeps what was there
            _original["delete"](name, props)
        raise ValueError(reason) from problem
    finally:
        _inside.reset(token)


def _update_resource(resource_type, physical_id, old_props, new_props, stack_name, logical_id=None, old_attrs=None):
    """An unchanged resource of a nested stack keeps its attributes, as one of a root stack does."""
    if old_attrs is None:
        kept = (_stacks.get(stack_name) or {}).get("_resources", {}).get(logical_id) or {}
        old_attrs = kept.get("Attributes")
    return _original["update"](resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs)


def install():
    from replace import replace
    _original.update(
        parse=replace(engine, "_parse_template", _parse_template),
        update=replace(cfn, "_update_resource", _update_resource),
        deploy=replace(cfn, "_cfn_nested_stack_deploy", _cfn_nested_stack_deploy),
        delete=cfn._cfn_nested_stack_delete)
