#!/bin/bash
# Server CPU per request of bench_http_server and nghttpd, interleaved in one run: the same 720-byte POST, answers of
# 420 bytes, HTTP/2 over TLS. Server on CPU 0, h2load on CPU 1.
# usage: compare.sh BUILD_FOLDER [ROUNDS]      needs openssl, h2load, nghttpd
set -eu
build=$1
rounds=${2:-5}
requests=${REQUESTS:-300000}
dir=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; rm -rf "$dir"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" \
  -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -days 2 2>/dev/null
head -c 720 /dev/zero | tr '\0' x > "$dir/body"
mkdir "$dir/htdocs"
head -c 420 /dev/zero | tr '\0' a > "$dir/htdocs/inline"

taskset -c 0 "$build/bin/bench_http_server" 127.0.0.1:0 "$dir/cert.pem" "$dir/key.pem" > "$dir/port" &
ours=$!
pids+=("$ours")
until [ -s "$dir/port" ]; do sleep 0.05; done
our_port=$(cat "$dir/port")
# nghttpd takes no port 0: try some until one is free.
for their_port in $(shuf -i 20000-32000 -n 20); do
  taskset -c 0 nghttpd -d "$dir/htdocs" "$their_port" "$dir/key.pem" "$dir/cert.pem" > /dev/null 2>&1 &
  theirs=$!
  sleep 0.3
  if kill -0 "$theirs" 2>/dev/null; then pids+=("$theirs"); break; fi
done

ticks_a_second=$(getconf CLK_TCK)
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
measure() { # pid port path h2load-options
  local pid=$1 port=$2 path=$3 before after
  shift 3
  before=$(cpu "$pid")
  taskset -c 1 h2load -n "$requests" -d "$dir/body" "$@" "https://127.0.0.1:$port$path" > "$dir/out"
  after=$(cpu "$pid")
  grep -q " $requests succeeded" "$dir/out" || { echo "requests failed:"; cat "$dir/out"; exit 1; }
  awk -v t=$((after - before)) -v n="$requests" -v hz="$ticks_a_second" 'BEGIN { printf "%.2f", t / hz / n * 1e6 }'
}

for shape in "-c8 -m32" "-c64 -m1"; do
  for round in $(seq "$rounds"); do
    # shellcheck disable=SC2086
    echo "$shape round $round: inline $(measure "$ours" "$our_port" /inline $shape)" \
      "coroutine $(measure "$ours" "$our_port" /coroutine $shape)" \
      "suspend $(measure "$ours" "$our_port" /suspend $shape)" \
      "nghttpd $(measure "$theirs" "$their_port" /inline $shape) us/request"
  done
done
