#!/bin/sh
# Puts vouchd into the place of vomsd for one VO, and vomsd back into its own. docs/migrate.md tells what has to be
# there before. Nothing is written to VOMS Admin's database, and clients, vomses and LSC files stay as they are.
#
#   switch-over.sh to-vouchd VO      check, mirror the members, stop vomsd, start vouchd; vomsd again if that fails
#   switch-over.sh to-vomsd VO       stop vouchd, start vomsd
#
# How this machine does that stands in variables, each with what systemd makes of it:
set -eu
direction=${1:?to-vouchd or to-vomsd} vo=${2:?name of the VO}
: "${VOUCHD:=vouchd --voms-conf /etc/voms/$vo/voms.conf}"
: "${STOP_VOMSD:=systemctl stop voms@$vo}" "${START_VOMSD:=systemctl start voms@$vo}"
: "${STOP_VOUCHD:=systemctl stop vouchd}" "${START_VOUCHD:=systemctl start vouchd}"
# Commands that write to vouchd's database run as the service does: "runuser -u voms --".
: "${AS_SERVICE:=}" "${SECONDS_TO_START:=60}"

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }

serves() { $AS_SERVICE $VOUCHD status >/dev/null 2>&1; }

to_vouchd() {
  say 'is everything there that vouchd needs?'
  $AS_SERVICE $VOUCHD check
  say 'members are mirrored while vomsd still serves'
  $AS_SERVICE $VOUCHD import followed --vo "$vo"
  say 'vomsd stops: from here on clients are refused'
  $STOP_VOMSD
  $START_VOUCHD || true
  waited=0
  until serves; do
    if [ "$waited" -ge "$SECONDS_TO_START" ]; then
      say 'vouchd does not serve: back to vomsd'
      $STOP_VOUCHD || true
      $START_VOMSD
      exit 1
    fi
    waited=$((waited + 1))
    sleep 1
  done
  say 'vouchd serves'
}

to_vomsd() {
  say 'vouchd finishes what is under way: from here on clients are refused'
  $STOP_VOUCHD
  $START_VOMSD
  say 'vomsd serves'
}

case $direction in
  to-vouchd) to_vouchd ;;
  to-vomsd) to_vomsd ;;
  *) say "$direction: to-vouchd or to-vomsd" >&2; exit 2 ;;
esac
