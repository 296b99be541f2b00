"""Calls of the API beside each other, for calls_at_scale.sh.

    calls.py small URL LOGIN URL LOGIN ROUNDS    the same calls on a small and a large subscription
    calls.py clients URL LOGIN SECONDS           fifty clients at once, readers and writers

A LOGIN is name:password. Both print what they saw, and end with 1 when a limit is missed.
"""

import base64
import collections
import http.client
import random
import re
import sys
import threading
import time
import urllib.parse

# Small calls take at most so many times as long on the large subscription.
SLOWER_MAX = 2.0
READERS = WRITERS = 25
# What writers change; the subscriptions of subscription.sh begin at 10.0.0.1.
QID, FIRST = 38173, 0x0A000002

V2 = "/api/2.0/fo/"
DETECTION = V2 + "asset/host/vm/detection/"
HOST = {"ips": "10.0.0.100"}
SMALL = [
    (DETECTION, {"action": "list", **HOST}),
    (DETECTION, {"action": "list", "truncation_limit": "10", "id_min": "500"}),
    (DETECTION, {"action": "list", "truncation_limit": "10", "id_min": "500", "qids": str(QID)}),
    (V2 + "asset/host/", {"action": "list", **HOST}),
    (V2 + "asset/host/", {"action": "list", "truncation_limit": "10"}),
    (V2 + "asset/ip/", {"action": "list", **HOST}),
    (V2 + "asset/group/", {"action": "list"}),
    (V2 + "asset/excluded_ip/", {"action": "list"}),
    (V2 + "scan/", {"action": "list"}),
    (V2 + "report/", {"action": "list"}),
    (V2 + "schedule/scan/", {"action": "list"}),
    (V2 + "activity_log/", {"action": "list", "truncation_limit": "10"}),
    (V2 + "knowledge_base/vuln/", {"action": "list", "ids": str(QID)}),
    ("/msp/asset_search.php", {"target_ips": "10.0.0.100"}),
    ("/msp/get_host_info.php", {"host_ip": "10.0.0.100", "vuln_details": "1"}),
    ("/msp/get_host_info.php", {"host_dns": "host-99.corp.example", "general_info": "1"}),
    ("/msp/asset_data_report.php", {"template_id": "2", "ips": "10.0.0.100"}),
    ("/msp/asset_range_info.php", {"target_ips": "10.0.0.100"}),
    ("/msp/asset_group_list.php", {}),
    ("/msp/scan_report_list.php", {}),
    ("/msp/ticket_list.php", {"ticket_numbers": "1"}),
    ("/msp/user_list.php", {}),
    ("/msp/ignore_vuln.php", {"qids": str(QID), "ips": "10.0.0.100", "comments": "bench"}),
    ("/msp/ignore_vuln.php", {"action": "restore", "qids": str(QID), "ips": "10.0.0.100", "comments": "bench"}),
]


class Refused(Exception):
    pass


class Client:
    """One connection, kept."""

    def __init__(self, url, login):
        self.host = urllib.parse.urlsplit(url).netloc
        word = base64.b64encode(login.encode()).decode()
        self.headers = {
            "Authorization": f"Basic {word}",
            "X-Requested-With": "bench",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self.connection = http.client.HTTPConnection(self.host, timeout=300)

    def call(self, path, parameters, method="GET"):
        form = urllib.parse.urlencode(parameters)
        where, body = (path, form) if method == "POST" else (f"{path}?{form}", None)
        self.connection.request(method, where, body, self.headers)
        answer = self.connection.getresponse()
        body = answer.read().decode()
        refused = "<ERROR" in body or 'status="FAILED"' in body
        if answer.status != 200 or refused:
            raise Refused(f"{path} {form}: {answer.status} {body[:500]}")
        return body


def small(rounds, *servers):
    clients = [Client(url, login) for url, login in zip(servers[::2], servers[1::2])]
    worst = 0.0
    for path, parameters in SMALL:
        times = [[], []]
        for _ in range(rounds):
            for client, taken in zip(clients, times):
                begun = time.perf_counter()
                client.call(path, parameters)
                taken.append(time.perf_counter() - begun)
        # The fastest of each: whatever else the machine does only makes a call slower.
        few, many = (min(taken) * 1000 for taken in times)
        worst = max(worst, many / few)
        told = " ".join(f"{name}={value}" for name, value in parameters.items())
        mark = "" if many <= few * SLOWER_MAX else "   FAILED"
        print(f"  {few:7.2f} ms {many:7.2f} ms {many / few:5.2f}  {path} {told}{mark}", flush=True)
    print(f"  the worst ratio is {worst:.2f} (at most {SLOWER_MAX:.0f})")
    return worst <= SLOWER_MAX


def address(number):
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def addresses(body):
    """All addresses of a document's IP and IP_RANGE elements."""
    found = set()
    for text in re.findall(r"<(?:IP|IP_RANGE)(?: [^>]*)?>([0-9.-]+)</", body):
        ends = [sum(int(part) << shift for part, shift in zip(end.split("."), (24, 16, 8, 0))) for end in text.split("-")]
        found.update(range(ends[0], ends[-1] + 1))
    return found


class Crowd:
    """Readers and writers until the time is over; what was answered with success must be there then."""

    def __init__(self, url, login, seconds):
        self.url, self.login, self.until = url, login, time.monotonic() + seconds
        self.errors, self.done = [], collections.Counter()
        self.lock = threading.Lock()
        self.grouped, self.ignored = set(), set()
        boss = Client(url, login)
        made = boss.call(V2 + "asset/group/", {"action": "add", "title": f"Bench {time.time()}"}, "POST")
        self.group = re.search(r"<VALUE>(\d+)", made).group(1)

    def note(self, kind, changed=None, number=None):
        with self.lock:
            self.done[kind] += 1
            if changed is not None:
                changed.add(number)

    def write(self, client, number):
        host = FIRST + number
        client.call(V2 + "asset/group/", {"action": "edit", "id": self.group, "add_ips": address(host)}, "POST")
        self.note("asset group edited", self.grouped, host)
        body = client.call("/msp/ignore_vuln.php", {"qids": QID, "ips": address(host), "comments": "bench"})
        if "<IGNORED>" in body:
            self.note("vulnerability ignored", self.ignored, host)

    def read(self, client, dice):
        if dice.random() < 0.1:
            page = {"action": "list", "status": "New,Re-Opened", "id_min": str(dice.randrange(2, 1000))}
            client.call(DETECTION, {**page, "truncation_limit": "1000"})
            self.note("page of 1,000 hosts")
        else:
            path, parameters = dice.choice(SMALL[:-2])
            client.call(path, parameters)
            self.note("small call")

    def run(self, place):
        client, dice = Client(self.url, self.login), random.Random(place)
        number = place
        try:
            while time.monotonic() < self.until:
                if place < WRITERS:
                    self.write(client, number)
                    number += WRITERS
                else:
                    self.read(client, dice)
        except Exception as error:  # whatever it is, it is what the client saw
            self.errors.append(f"{type(error).__name__}: {error}")

    def check(self):
        boss = Client(self.url, self.login)
        group = boss.call(V2 + "asset/group/", {"action": "list", "ids": self.group})
        lost = len(self.grouped - addresses(group))
        wanted = sorted(self.ignored)
        for start in range(0, len(wanted), 25):
            part = wanted[start : start + 25]
            ips = ",".join(map(address, part))
            body = boss.call(DETECTION, {"action": "list", "ips": ips, "qids": QID, "include_ignored": "1"})
            lost += body.count("<IS_IGNORED>0")
            body = boss.call("/msp/ignore_vuln.php", {"action": "restore", "qids": QID, "ips": ips, "comments": "bench"})
            lost += len(part) - len(set(re.findall(r"<IP>([0-9.]+)</IP>", body)))
        boss.call(V2 + "asset/group/", {"action": "delete", "id": self.group}, "POST")
        return lost


def clients(url, login, seconds):
    crowd = Crowd(url, login, float(seconds))
    threads = [threading.Thread(target=crowd.run, args=(place,)) for place in range(READERS + WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost = crowd.check()
    for error in crowd.errors[:5]:
        print(f"  {error}")
    told = ", ".join(f"{kind} {count} times" for kind, count in sorted(crowd.done.items()))
    print(f"  {READERS + WRITERS} clients in {seconds} s: {told}; {len(crowd.errors)} errors, {lost} changes lost")
    return not crowd.errors and not lost


def main():
    what, *arguments = sys.argv[1:]
    if what == "small":
        *servers, rounds = arguments
        return small(int(rounds), *servers)
    return clients(*arguments)


sys.exit(0 if main() else 1)
