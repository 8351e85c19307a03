"""Renders every kustomization below k8s/ and checks each object against the schema of its Kubernetes version."""

import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import yaml

K8S = Path(__file__).resolve().parent.parent / "k8s"
VERSION = "1.34"


def main(kustomize):
    folders = sorted(file.parent for file in K8S.rglob("kustomization.yaml") if "kind: Component" not in file.read_text())
    if not folders:
        sys.exit("k8s/ has no kustomization.yaml: nothing was checked")
    wrong = 0
    for folder in folders:
        rendered = subprocess.run([kustomize, "build", str(folder)], capture_output=True, text=True, check=False)
        if rendered.returncode != 0:
            sys.exit(f"{folder}: {rendered.stderr}")
        objects = [one for one in yaml.safe_load_all(rendered.stdout) if one]
        for one in objects:
            wrong += not is_right(folder, one)
        print(f"  {folder.relative_to(K8S.parent)}: {len(objects)} objects")
    if wrong:
        sys.exit(f"{wrong} objects are not what Kubernetes {VERSION} takes")


def is_right(folder, one):
    name = f"{one.get('kind')}/{one.get('metadata', {}).get('name')}"
    try:
        kubernetes_validate.validate(one, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        print(f"  {folder.name}: {name}: {error.message} at {'.'.join(str(step) for step in error.path)}")
        return False
    except kubernetes_validate.SchemaNotFoundError:
        group = str(one.get("apiVersion")).rpartition("/")[0]
        custom = "." in group and not group.endswith("k8s.io")
        print(f"  {folder.name}: {name} of {one.get('apiVersion')}: {'custom, only rendered' if custom else 'unknown'}")
        return custom
    return True


main(sys.argv[1])
