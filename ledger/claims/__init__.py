"""THE SHAPES: one frozen body per kind of claim. Computes nothing, imports nothing of ours."""

from ledger.claims.audit import Audit, BatchAudit, ContaminationAudit
from ledger.claims.authorship import Authorship
from ledger.claims.calibration import Calibration
from ledger.claims.certificate import Certificate
from ledger.claims.dataset import Dataset
from ledger.claims.erasure import Erasure
from ledger.claims.evidence import Evidence
from ledger.claims.fields import Body
from ledger.claims.key import Key
from ledger.claims.manifest import Manifest
from ledger.claims.model import Model
from ledger.claims.note import Note
from ledger.claims.operation import Operation
from ledger.claims.origin import Locator, Origin, Private
from ledger.claims.overlap import Overlap
from ledger.claims.policy import Policy
from ledger.claims.pull import Pull
from ledger.claims.reserve import Reserve
from ledger.claims.review import Review
from ledger.claims.scan import Scan, ScannedMark
from ledger.claims.scheme import Scheme
from ledger.claims.takedown import Takedown
from ledger.claims.verdict import Verdict
from ledger.claims.verdict_calibration import CalibratedSource, VerdictCalibration
from ledger.claims.watermark import Watermark, WatermarkPrivate
from ledger.claims.withdrawal import Withdrawal

__all__ = [
    "BODIES",
    "Audit",
    "Authorship",
    "BatchAudit",
    "Body",
    "CalibratedSource",
    "Calibration",
    "Certificate",
    "ContaminationAudit",
    "Dataset",
    "Erasure",
    "Evidence",
    "Key",
    "Locator",
    "Manifest",
    "Model",
    "Note",
    "Operation",
    "Origin",
    "Overlap",
    "Policy",
    "Private",
    "Pull",
    "Reserve",
    "Review",
    "Scan",
    "ScannedMark",
    "Scheme",
    "Takedown",
    "Verdict",
    "VerdictCalibration",
    "Watermark",
    "WatermarkPrivate",
    "Withdrawal",
]

BODIES: dict[str, type[Body]] = {
    "audit": Audit,
    "authorship": Authorship,
    "calibration": Calibration,
    "certificate": Certificate,
    "dataset": Dataset,
    "erasure": Erasure,
    "evidence": Evidence,
    "key": Key,
    "manifest": Manifest,
    "model": Model,
    "note": Note,
    "operation": Operation,
    "origin": Origin,
    "overlap": Overlap,
    "policy": Policy,
    "pull": Pull,
    "reserve": Reserve,
    "review": Review,
    "scan": Scan,
    "scheme": Scheme,
    "takedown": Takedown,
    "verdict": Verdict,
    "verdict_calibration": VerdictCalibration,
    "watermark": Watermark,
    "withdrawal": Withdrawal,
}
