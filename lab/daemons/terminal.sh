# Telnet and the small services of old, all through inetd.

old_terminal() {
  local small
  {
    for small in echo discard daytime chargen time; do echo "$small stream tcp nowait root internal"; done
    echo "telnet stream tcp nowait root $(command -v telnetd || echo /usr/sbin/telnetd) telnetd"
  } >"$DIR/conf"
  expect 7 tcp echo $ECHO
  expect 9 tcp discard $DISCARD
  expect 13 tcp daytime
  expect 19 tcp chargen $CHARGEN
  expect 37 tcp time
  expect 23 tcp telnet $TELNET $TELNET_LOGIN $REMOTE_ACCESS
  launch_with_own_run : /usr/sbin/inetd -d "$DIR/conf"
}
