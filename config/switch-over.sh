#!/bin/sh
# Puts vouchd into the place of vomsd, and vomsd back into its own. docs/migrate.md tells what has to be there before.
# Nothing is written to VOMS Admin's database, and clients, vomses and LSC files stay as they are.
#
#   switch-over.sh to-vouchd [VO...]      check, mirror the members, stop vomsd, start vouchd; vomsd again if that fails
#   switch-over.sh to-vomsd [VO...]       stop vouchd, start vomsd
#
# Without names: every VO that has a voms.conf in $VOMS_CONF. How this machine does it stands in variables:
set -eu
VOMS_CONF=${VOMS_CONF:-/etc/voms}
VOUCHD=${VOUCHD:-vouchd --voms-conf $VOMS_CONF}
STOP_VOMSD=${STOP_VOMSD:-systemctl stop voms@}       # the VO's name is put behind
START_VOMSD=${START_VOMSD:-systemctl start voms@}
STOP_VOUCHD=${STOP_VOUCHD:-systemctl stop vouchd}
START_VOUCHD=${START_VOUCHD:-systemctl start --no-block vouchd}   # the unit would wait for ever until it is ready
AS_SERVICE=${AS_SERVICE-runuser -u voms --}           # what writes to vouchd's database runs as the service does
SECONDS_TO_START=${SECONDS_TO_START:-120}

direction=${1:?to-vouchd or to-vomsd}
shift
if [ $# = 0 ]; then
  for file in "$VOMS_CONF"/*/voms.conf; do
    [ -f "$file" ] || { echo "no VO has a voms.conf in $VOMS_CONF: name them, or set VOMS_CONF" >&2; exit 2; }
    set -- "$@" "$(basename "$(dirname "$file")")"
  done
fi

vos=$*
say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
# One that fails keeps none of the others from its turn.
each_vomsd() { failed=0; for vo in $vos; do $1"$vo" || failed=1; done; return $failed; }
serves() { $AS_SERVICE $VOUCHD status >/dev/null 2>&1; }

back_to_vomsd() {
  trap '' INT TERM HUP
  say "$1: back to vomsd"
  $STOP_VOUCHD || true
  each_vomsd "$START_VOMSD" || say 'vomsd did not start for every VO: see its log'
  exit 1
}

to_vouchd() {
  say 'is everything there that vouchd needs?'
  $AS_SERVICE $VOUCHD check
  say 'members are mirrored while vomsd still serves'
  $AS_SERVICE $VOUCHD import followed
  say 'vomsd stops: from here on clients are refused'
  trap 'back_to_vomsd interrupted' INT TERM HUP
  each_vomsd "$STOP_VOMSD" || back_to_vomsd 'vomsd does not stop'
  $START_VOUCHD || true
  until=$(($(date +%s) + SECONDS_TO_START))
  until serves; do
    [ "$(date +%s)" -lt "$until" ] || back_to_vomsd 'vouchd does not serve'
    sleep 0.2
  done
  trap - INT TERM HUP
  say 'vouchd serves'
}

to_vomsd() {
  say 'vouchd finishes what is under way: from here on clients are refused'
  $STOP_VOUCHD || say 'vouchd does not stop: vomsd is started all the same'
  each_vomsd "$START_VOMSD" || { say 'vomsd did not start for every VO: see its log'; exit 1; }
  say 'vomsd serves'
}

case $direction in
  to-vouchd) to_vouchd ;;
  to-vomsd) to_vomsd ;;
  *) say "$direction: to-vouchd or to-vomsd" >&2; exit 2 ;;
esac
