"""Reads a WorkflowTemplate with the classes of Argo's API, and prints each task with the tasks that it waits for."""

import sys

import yaml
from hera.workflows.models import WorkflowTemplate

with open(sys.argv[1]) as file:
    template = WorkflowTemplate.model_validate(yaml.safe_load(file), extra="forbid")
names = {part.name: part for part in template.spec.templates}
for task in names[template.spec.entrypoint].dag.tasks:
    parameters = {parameter.name for parameter in task.arguments.parameters}
    assert parameters == {parameter.name for parameter in names[task.template].inputs.parameters}, task
    print(f"= {task.name}:", *(task.dependencies or []))
