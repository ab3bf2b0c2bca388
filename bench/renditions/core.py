"""One core: four renditions of each photo, by us and by others, in turn."""

import json
import statistics
import subprocess
import sys

from bench.renditions.installed import Peers

REFERENCE = "ours webp"
# The quality numbers at which ours is as close to the original as every peer at 80, by PSNR and
# SSIM, with the effort of the peers and with our own.
EQUAL, EQUAL_M4 = "ours webp m2 q82", "ours webp m4 q81"
# Contender → the goal of its time divided by that of ours.
GOALS = {
    "pyvips webp e4": [(EQUAL_M4, 0.90), (EQUAL, 1.0), (REFERENCE, None)],
    "sharp webp e4, each": [(EQUAL, 1.3), (REFERENCE, None)],
    "thumbor webp, each": [(EQUAL, 1.3), (REFERENCE, None)],
    "pyvips jpg": [("ours jpg", None)],
    "sharp jpg, each": [("ours jpg", None)],
}
STAGES = ("decode", "colour and resize", "encode", "look")


class Worker:
    """A contender in a process of its own, warm; says what each photo cost of the processor."""

    def __init__(self, command, **options):
        self._process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, **job):
        self._process.stdin.write(json.dumps({k: str(v) for k, v in job.items()}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended: {self._process.wait()}")
        return json.loads(line)

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def measure(options):
    peers = Peers(options.peers or options.folder / "peers")
    workers = contenders(peers, options.folder)
    quality = Worker([peers.python, peers.script("quality.py")])
    try:
        answers = _rounds(workers, options)
        judged = {name: _judged(w, quality, options, name) for name, w in workers.items()}
    finally:
        for worker in (*workers.values(), quality):
            worker.close()
    _print(options, answers, judged)


def contenders(peers, folder):
    ours = [sys.executable, "-m", "bench.renditions.ours"]
    vips = [peers.python, peers.script("vips.py")]
    sharp = ["node", peers.script("sharp.mjs")]
    thumbor = [peers.python, peers.script("thumbor_peer.py"), folder]
    found = {
        REFERENCE: Worker([*ours, "webp"]),
        EQUAL: Worker([*ours, "webp", "82", "2"]),
        EQUAL_M4: Worker([*ours, "webp", "81", "4"]),
        "ours jpg": Worker([*ours, "jpg"]),
        "ours webp and jpg": Worker([*ours, "webp+jpg"]),
    }
    if peers.has_python:
        environment = {"VIPS_CONCURRENCY": "1", "PATH": "/usr/bin:/bin"}
        found["pyvips webp e4"] = Worker([*vips, "webp"], env=environment)
        found["pyvips jpg"] = Worker([*vips, "jpg"], env=environment)
        found["thumbor webp, each"] = Worker(thumbor)
    if peers.has_sharp:
        found["sharp webp e4, each"] = Worker([*sharp, "webp"], cwd=peers.folder)
        found["sharp jpg, each"] = Worker([*sharp, "jpg"], cwd=peers.folder)
    return found


def _rounds(workers, options):
    """Let all take their turns; the first round, which warms up, does not count."""
    answers = {name: [] for name in workers}
    for name in workers:
        (options.folder / name).mkdir(exist_ok=True)
    for number in range(options.rounds + 1):
        for source in options.files:
            for name, worker in workers.items():
                target = options.folder / name
                answer = worker.run(source=source, target=target)
                if number:
                    answers[name].append(answer)
    return answers


def _judged(worker, quality, options, name):
    """Return how good the renditions of all photos are, at the mean."""
    folder, found = options.folder / name, []
    for source in options.files:
        worker.run(source=source, target=folder)
        found.append(quality.run(source=source, output=folder / "1600"))
    return {key: statistics.mean(answer[key] for answer in found) for key in found[0]}


def _print(options, answers, judged):
    times = {name: [a["cpu_ms"] for a in found] for name, found in answers.items()}
    print(
        f"\n{len(options.files)} photos, medians of {options.rounds} rounds in turn, one thread\n"
    )
    print("| | CPU ms | of ours | PSNR dB | SSIM | KB at 1600 | RSS MB |")
    print("|---|---|---|---|---|---|---|")
    base = statistics.median(times[REFERENCE])
    for name, found in times.items():
        median, seen = statistics.median(found), judged[name]
        rss = max(a["rss_mb"] for a in answers[name])
        print(
            f"| {name} | {median:.0f} | {median / base:.2f} | {seen['psnr']:.2f} | "
            f"{seen['ssim']:.4f} | {seen['kb']:.0f} | {rss:.0f} |"
        )
    print("\n| ratio of times | median | goal |\n|---|---|---|")
    for peer, goals in GOALS.items():
        for ours, goal in goals if peer in times else ():
            pairs = zip(times[peer], times[ours], strict=True)
            ratio = statistics.median(theirs / own for theirs, own in pairs)
            print(f"| {peer} / {ours} | {ratio:.2f} | {f'≥ {goal:.2f}' if goal else ''} |")
    _print_stages(answers["ours webp and jpg"])


def _print_stages(answers):
    sums = {stage: sum(a["stages"][stage] for a in answers) for stage in STAGES}
    total = sum(sums.values())
    print("\n| stage | share |\n|---|---|")
    for stage, spent in sums.items():
        print(f"| {stage} | {100 * spent / total:.1f} % |")
