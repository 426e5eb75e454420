"""Followers against strangers, and how much one person of the team carries (D8, D15)."""

from __future__ import annotations

from rules.derive.core import Deriver

FUNCTIONS = ("content", "goods", "creators", "ads", "service")


def people(d: Deriver) -> None:
    """Growth and sales of followers as ratios; functions without an owner, functions and hours a head."""
    get, put = d.get, d.put
    followers, new = get("follower_count"), get("new_followers")
    if followers and new is not None:
        put("follower_growth", new / followers, "new_followers", "follower_count")
    fans, others = get("follower_gpm"), get("non_follower_gpm")
    if fans is not None and others:
        put("follower_gpm_ratio", fans / others, "follower_gpm", "non_follower_gpm")
    team, size = d.facts.get("team"), get("team_size")
    if isinstance(team, list):
        put("team_functions", len(team), "team")
        put("team_missing", sum(f not in team for f in FUNCTIONS), "team")
        if size:
            put("functions_per_person", len(team) / size, "team", "team_size")
    hours, hosts = get("live_hours_per_day"), get("hosts")
    if hours is not None and hosts:
        put("hours_per_host", hours / hosts, "live_hours_per_day", "hosts")
