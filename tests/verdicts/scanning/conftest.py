from tests.verdicts.scanning.making import detector as detector
