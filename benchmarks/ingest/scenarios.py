"""The loads by name: what the simulator shows and how the service is set."""

BASE = {'cameras': 700, 'moving_share': 0.05, 'transport': 'tcp', 'h265_share': 0.0, 'aligned': False,
        'full_decodes_max': 32, 'seconds': 600, 'power_cut': False}

SCENARIOS = {
    'tcp-700-twentieth': {},
    'tcp-700-half': {'moving_share': 0.5},
    'udp-700': {'transport': 'udp'},
    'h265-tenth': {'h265_share': 0.1},
    'aligned': {'aligned': True},
    'curve-100': {'cameras': 100},
    'curve-350': {'cameras': 350},
    'curve-1400': {'cameras': 1400},
    'powercut': {'power_cut': True, 'seconds': 120},
    'soak': {'seconds': 3600},
}
GROUPS = {'curve': ['curve-100', 'curve-350', 'tcp-700-twentieth', 'curve-1400']}
DEFAULT = [name for name in SCENARIOS if name != 'soak']


def chosen(names):
    """(name, settings) of each scenario or group, in order; ValueError names one that there is not."""
    listed = []
    for name in names or DEFAULT:
        for one in GROUPS.get(name, [name]):
            if one not in SCENARIOS:
                raise ValueError(f'no scenario "{one}"; there are: {", ".join([*SCENARIOS, *GROUPS])}')
            if one not in listed:
                listed.append(one)
    return [(name, {**BASE, **SCENARIOS[name]}) for name in listed]
