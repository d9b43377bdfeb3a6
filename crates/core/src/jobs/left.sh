cd "$1" || exit 1
shift
for id; do
  [ -d "$id" ] || continue
  echo "$id"
  for one in "$id"/chk-*/_metadata; do
    [ -s "$one" ] && echo "$one"
  done
done
exit 0
