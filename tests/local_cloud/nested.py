"""Nested stacks: SAM inside them, nothing left behind when one fails, and what is retained when one is deleted.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
"""
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
            _end(_stacks[name], name, props, failed=True)
        raise ValueError(reason) from problem
    finally:
        _inside.reset(token)


def _end(stack, physical_id, props, failed):
    """Leave what its DeletionPolicy retains; of a creation that failed, only what says Retain."""
    kept = ("Retain",) if failed else ("Retain", "RetainExceptOnCreate")
    declared = (stack.get("_template") or {}).get("Resources", {})
    stack["_resources"] = {logical_id: made for logical_id, made in stack.get("_resources", {}).items()
                           if declared.get(logical_id, {}).get("DeletionPolicy") not in kept}
    stack["StackStatus"] = "ROLLBACK_IN_PROGRESS" if failed else "DELETE_IN_PROGRESS"  # the stacks inside it see this
    _original["delete"](physical_id, props)


def _cfn_nested_stack_delete(physical_id, props):
    stack = _stacks.get(cfn._nested_stack_lookup_name(physical_id))
    if stack:
        parent = (_stacks.get(stack.get("_parent_stack_name")) or {}).get("StackStatus", "")
        _end(stack, physical_id, props, parent.startswith(("CREATE_", "ROLLBACK_", "UPDATE_ROLLBACK_")))


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
        delete=replace(cfn, "_cfn_nested_stack_delete", _cfn_nested_stack_delete))
    cfn._RESOURCE_HANDLERS["AWS::CloudFormation::Stack"]["delete"] = _cfn_nested_stack_delete
