"""For tests that hold written files against something: faults are gathered, so that one run names them all."""
import csv

faults = []


def expect(condition, what):
    if not condition:
        faults.append(what)


def rows(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def verdict():
    """Prints the first faults and how many there are; the exit status."""
    for fault in faults[:20]:
        print(f'FAULT {fault}')
    print(f'{len(faults)} faults')
    return 1 if faults else 0
