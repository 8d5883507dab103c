import { CHECKOUT } from './documents.js';

/** Programs that change the machine and that a test must not run, and why it is enough to accept their arguments. */
export const ACCEPTED: Readonly<Record<string, string>> = {
  'apt-get': 'installs packages; `npm run check:container` installs these',
  npm: 'builds the code, which is built already; `npm run check:container` does it as shown',
  'systemd-sysusers': 'makes the user; everything here runs as whoever runs the test',
  chown: 'there is no user zenova here',
  usermod: 'there is no user zenova here',
};

const ACCEPT = `echo "accepted, not carried out: $(basename "$0") $*" >>"$SANDBOX/accepted"`;

/** `sudo` and `sudo -u user`: as ourselves. */
const SUDO = `if [ "$1" = -u ]; then shift 2; fi; exec "$@"`;

/** The one program that the checkout offers, found where the README's readers have it after `npm start`. */
const NPX = `[ "$1" = zenova ] || { echo "npx $1: only zenova is known here" >&2; exit 1; }; exec "$@"`;

/** What would run in a terminal of its own, or as a service, runs in the background, and is waited for. */
const BACKGROUND = `
background() { # name, what it says when it is up, command
  name=$1 up=$2; shift 2
  : >"$SANDBOX/$name.log"
  setsid "$@" >>"$SANDBOX/$name.log" 2>&1 </dev/null &
  echo $! >"$SANDBOX/$name.pid"
  for _ in $(seq 1200); do
    if grep -q -e "$up" "$SANDBOX/$name.log"; then return 0; fi
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  cat "$SANDBOX/$name.log" >&2; return 1
}
end() { # name
  [ -e "$SANDBOX/$1.pid" ] || return 0
  pid=$(cat "$SANDBOX/$1.pid"); rm "$SANDBOX/$1.pid"
  kill "$pid" 2>/dev/null || return 0
  while [ -e "/proc/$pid" ] && ! grep -q ') Z' "/proc/$pid/stat"; do sleep 0.05; done
}`;

const ZENOVA = `${BACKGROUND}
zenova="$NODE ${CHECKOUT}/bin/zenova.mjs"
case "$1" in
  simulate) background simulator https:// $zenova "$@" ;;
  serve) background service '"msg":"serving"' $zenova "$@" ;;
  *) exec $zenova "$@" ;;
esac`;

/** Runs the unit's own command line, as far as that can be had without systemd. */
const SYSTEMCTL = `${BACKGROUND}
start() {
  unit="$SANDBOX/etc/systemd/system/zenova.service"
  mkdir -p "$SANDBOX/var/lib/zenova"
  command=$(sed -n 's/^ExecStart=//p' "$unit" | sed -e "s#/usr/bin/node#$NODE#" -e "s# /opt# $SANDBOX/opt#; s# /etc# $SANDBOX/etc#")
  background service '"msg":"serving"' env -u ZENOVA_AMQP_URL $command
}
case "$*" in
  daemon-reload) exit 0 ;;
  'enable --now zenova' | 'start zenova') start ;;
  'restart zenova') end service; start ;;
  'stop zenova') end service ;;
  *) echo "systemctl $*: not known here" >&2; exit 1 ;;
esac`;

/** Without the users and groups, which there are not. */
const INSTALL = `
for arg in "$@"; do
  shift
  if [ -n "$skip" ]; then skip=; continue; fi
  case "$arg" in -o | -g) skip=1 ;; *) set -- "$@" "$arg" ;; esac
done
exec /usr/bin/install "$@"`;

/** The code is this checkout, and its newest version too. */
const GIT = `
case "$1" in
  clone) mkdir -p "$(dirname "$3")" && ln -s ${CHECKOUT} "$3" ;;
  *) ${ACCEPT} ;;
esac`;

/** Asks the test to run it against its broker. */
const RABBITMQCTL = `
if [ "$1" = add_user ] && [ $# = 2 ]; then read -r password; set -- "$@" "$password"; fi
exec "$NODE" -e '
  const [, ...args] = process.argv;
  fetch(process.env.BROKER_CONTROL, { method: "POST", body: JSON.stringify(args) }).then(async (answer) => {
    process.stdout.write(await answer.text());
    process.exitCode = answer.ok ? 0 : 1;
  });' "$@"`;

/** Takes one line of what is typed, and asks its own way for the rest. */
const CREATEUSER = `read -r password; printf '%s\\n%s\\n' "$password" "$password" | exec /usr/bin/createuser "$@"`;

/** Each as a shell script, by name. */
export const STAND_INS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(ACCEPTED).map((name) => [name, ACCEPT])),
  createuser: CREATEUSER,
  git: GIT,
  install: INSTALL,
  npx: NPX,
  rabbitmqctl: RABBITMQCTL,
  sudo: SUDO,
  systemctl: SYSTEMCTL,
  zenova: ZENOVA,
};
