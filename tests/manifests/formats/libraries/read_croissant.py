"""Run by the environment that has `mlcroissant`: what it reads in a description."""

import json
import sys

import mlcroissant

found = mlcroissant.Dataset(jsonld=sys.argv[1])
issues, said = found.metadata.ctx.issues, found.metadata.to_json()
print(
    json.dumps(
        {
            "conforms": said["conformsTo"],
            "derived": [item["name"] for item in said["prov:wasDerivedFrom"]],
            "errors": sorted(issues.errors),
            "rows": [record["rows/sha256"].hex() for record in found.records("rows")],
            "strata": [
                [
                    record[f"strata/{name}"]
                    for name in ("documents", "selected", "target_ppm", "achieved_ppm")
                ]
                for record in found.records("strata")
            ],
            "warnings": sorted(issues.warnings),
        }
    )
)
