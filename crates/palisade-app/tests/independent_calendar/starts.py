"""When scheduled tasks start, computed by dateutil and zoneinfo instead of by us.

Reads {"from": seconds, "to": seconds, "tasks": [...]} and prints, for each task, the seconds since
1970 at which it starts, from the first moment (not included) to the second (not included).
"""

import datetime
import functools
import json
import sys
import zoneinfo

from dateutil import rrule

# The pinned tz database, not that of the machine.
zoneinfo.reset_tzpath(to=[])

WEEKDAYS = [rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA]


def rule(task, until):
    start = datetime.datetime.fromisoformat(task["start_date"])
    start += datetime.timedelta(hours=task["hour"], minutes=task["minute"])
    options = {"dtstart": start, "until": until, "interval": task["every"], "wkst": rrule.SU}
    if task["occurrence"] == "daily":
        return rrule.rrule(rrule.DAILY, **options)
    if task["occurrence"] == "weekly":
        days = [WEEKDAYS[day] for day in task["weekdays"]]
        return rrule.rrule(rrule.WEEKLY, byweekday=days, **options)
    if task["day"] is None:
        day = WEEKDAYS[task["weekday"]](task["week"])
        return rrule.rrule(rrule.MONTHLY, byweekday=day, **options)
    # The last of the days up to the wanted one: the wanted one, or the last there is.
    days = range(min(28, task["day"]), task["day"] + 1)
    return rrule.rrule(rrule.MONTHLY, bymonthday=list(days), bysetpos=-1, **options)


@functools.cache
def wall_clock(told, until):
    """The times of a task as its place shows them: of all places the same, so worked out once."""
    return list(rule(json.loads(told), until))


PLACE = ("zone", "observe_dst", "shift")


def instant(local, task):
    if task["shift"] is not None:
        return local.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=task["shift"])))
    placed = local.replace(tzinfo=zoneinfo.ZoneInfo(task["zone"]))
    if task["observe_dst"]:
        return placed
    return local.replace(tzinfo=datetime.timezone(placed.utcoffset() - placed.dst()))


def main():
    wanted = json.load(sys.stdin)
    begin, end = wanted["from"], wanted["to"]
    until = datetime.datetime.fromtimestamp(end, datetime.timezone.utc).replace(tzinfo=None)
    until += datetime.timedelta(days=2)
    calendar = []
    for task in wanted["tasks"]:
        told = json.dumps({name: value for name, value in task.items() if name not in PLACE})
        starts = {int(instant(local, task).timestamp()) for local in wall_clock(told, until)}
        calendar.append(sorted(start for start in starts if begin < start < end))
    json.dump(calendar, sys.stdout)


main()
