# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # bench.sh sets what stands at its top
#
# bench.sh: what a table costs to load, keep, dump, flush and delete.
#
# A time is what the whole machine did until the command had ended, so that it
# includes the kernel's workers (a table that grows), and for what frees memory
# until RCU has freed it. Time in which the machine was idle does not count: it
# waits for its files.

neighbour_load=		# instructions per entry, what loads are compared with

# busy: set $busy to the ns in which the machine has not been idle
busy()
{
	local line lines now=0 idle=0 cpus=0
	local -a word

	mapfile -t lines </proc/timer_list
	for line in "${lines[@]}"; do
		read -ra word <<<"$line"
		case $line in
		"now at "*) now=${word[2]} ;;
		*.idle_sleeptime*) idle=$((idle + word[2])) cpus=$((cpus + 1)) ;;
		*.iowait_sleeptime*) idle=$((idle + word[2])) ;;
		esac
	done
	[ $cpus -gt 0 ] || fail "/proc/timer_list does not tell how long CPUs were idle"
	busy=$((now * cpus - idle))
}

# timed COMMAND...: run it, it must succeed; sets $elapsed, and $system to what of
# that the command spent in the kernel
timed()
{
	local TIMEFORMAT=%S status=0 before

	busy
	before=$busy
	{ time "$@" 2>&3; } 2>"$tmp/time" || status=$?
	busy
	elapsed=$((busy - before))
	system=$(awk '{ printf "%.0f", $1 * 1e9 }' "$tmp/time")
	[ $status -eq 0 ] || fail "exit status $status: $*"
}

# freed COMMAND...: run it, and have RCU free what it has left, which is what the
# kernel waits for when a device goes
freed()
{
	"$@" && ip link add freed type dummy && ip link del freed
}

# timed_freed COMMAND...: timed, until RCU has freed what it has left
timed_freed()
{
	local waited

	timed freed true
	waited=$elapsed
	timed freed "$@"
	elapsed=$((elapsed > waited ? elapsed - waited : 0))
}

cache_head()
{
	printf '%-42s %8s %8s %9s %10s %6s\n' table entries seconds "per entry" \
		entries/s ratio
}

# report WHAT ENTRIES [NS]: of the last timed command
report()
{
	awk -v what="$1" -v n="$2" -v ns="${3:-$elapsed}" 'BEGIN {
		printf "%-42s %8d %8.3f %9.0f %10.0f\n",
			what, n, ns / 1e9, ns / n, ns ? n * 1e9 / ns : 0
	}'
}

# report_load WHAT ENTRIES: with the ratio to neighbours
report_load()
{
	load_ratio=$(ratio "$neighbour_load" $((elapsed / $2)))
	echo "$(report "$1" "$2") $(printf %6s "$load_ratio")"
}

# kernel_memory: octets of it, in slabs, vmalloc and per CPU
kernel_memory()
{
	awk '/^(Slab|VmallocUsed|Percpu):/ { sum += $2 } END { printf "%.0f", sum * 1024 }' \
		/proc/meminfo
}

# report_memory WHAT ENTRIES BEFORE: what has come since $(kernel_memory); sets
# $octets to those of an entry
report_memory()
{
	octets=$((($(kernel_memory) - $3) / $2))
	printf '%-42s %8d %8s %9d\n' "$1" "$2" - "$octets"
}

# slab_size CACHE: octets of an object (caches that share slabs are links)
slab_size()
{
	cat "/sys/kernel/slab/$1/slab_size" 2>/dev/null || echo "?"
}

# holds COUNT FILE: so many lines
holds()
{
	expect "lines of ${2##*/}" "$(wc -l <"$2")" "$1"
}

# ---- ip_gre and its neighbours

neighbour_cache()
{
	local before

	entries "$neighbours" "neigh add" lladdr "dev tun0 nud permanent" >"$tmp/neighbours"
	try ip -n "$HUB" link add tun0 type gre local "$hub_nbma"
	try ip -n "$HUB" link set tun0 up
	before=$(kernel_memory)
	timed ip -n "$HUB" -batch "$tmp/neighbours"
	neighbour_load=$((elapsed / neighbours))
	report_load "ip -batch, neighbours" "$neighbours"
	report_memory "octets of a neighbour (slab $(slab_size kmalloc-512))" \
		"$neighbours" "$before"

	show_neighbours >"$tmp/shown"
	holds "$neighbours" "$tmp/shown"
	timed show_neighbours >/dev/null
	report "ip neigh show" "$neighbours"
	timed_freed ip -n "$HUB" link del tun0
	report "ip link del, ip_gre with neighbours" "$neighbours"
	rm "$tmp/neighbours" "$tmp/shown"
}

show_neighbours()
{
	ip -n "$HUB" neigh show dev tun0 nud permanent
}

# routes_via_hops COUNT: a batch that adds a route by each next hop. All routes of
# one device and metric are compared with a new one, so each has another.
routes_via_hops()
{
	awk -v n="$1" -v hop="$inner_first" "$awk_dotted"'
		BEGIN {
			for (i = 0; i < n; i++)
				print "route add", dotted(3232235520 + i), "via", \
					dotted(hop + i), "dev tun0 onlink metric", i + 1
		}'
}

# deletion_with_routes KIND LABEL
deletion_with_routes()
{
	try ip -n "$HUB" link add tun0 type "$1" local "$hub_nbma"
	try ip -n "$HUB" link set tun0 up
	if [ "$1" = mgre ]; then
		try nhrp -n "$HUB" -batch - < <(host_mappings "$routes")
	else
		try ip -n "$HUB" -batch - < <(entries "$routes" "neigh add" lladdr \
			"dev tun0 nud permanent")
	fi
	try ip -n "$HUB" -batch - < <(routes_via_hops "$routes")
	timed_freed ip -n "$HUB" link del tun0
	report "ip link del, $2, routes" "$routes"
}

# ---- mappings

show_mappings()
{
	nhrp -n "$HUB" map show dev tun0
}

save_mappings()
{
	nhrp -n "$HUB" map save dev tun0
}

flush_mappings()
{
	nhrp -n "$HUB" map flush "$inner_net" dev tun0
}

empty()
{
	expect "mappings after $1" "$(show_mappings)" ""
}

# table_life COUNT: load, dump, flush, load, delete
table_life()
{
	local count=$1 before slabs

	host_mappings "$count" >"$tmp/mappings"
	try ip -n "$HUB" link add tun0 type mgre local "$hub_nbma"
	before=$(kernel_memory)
	timed nhrp -n "$HUB" -batch "$tmp/mappings"
	report_load "nhrp -batch" "$count"
	report "  of it in the kernel" "$count" "$system"
	batch_ratio=$load_ratio
	slabs="$(slab_size nhrp_mapping) + $(slab_size nhrp_peer)"
	report_memory "octets with a peer (slab $slabs)" "$count" "$before"
	save_mappings >"$tmp/saved"
	holds "$count" "$tmp/saved"

	timed show_mappings >/dev/null
	report "nhrp map show" "$count"
	report "  of it in the kernel" "$count" "$system"
	timed_freed flush_mappings
	report "nhrp map flush" "$count"
	empty "flush"

	timed nhrp -n "$HUB" -force -batch "$tmp/mappings"
	report_load "nhrp -force -batch" "$count"
	timed_freed ip -n "$HUB" link del tun0
	report "ip link del, mgre" "$count"
	rm "$tmp/mappings"
}

# random_order: the mappings in another order than that of their addresses, the
# same each time
random_order()
{
	host_mappings "$mappings" | shuf --random-source=<(yes) >"$tmp/mappings"
	timed nhrp -n "$HUB" -batch "$tmp/mappings"
	report_load "nhrp -batch, random order" "$mappings"
	rm "$tmp/mappings"
}

restore_saved()
{
	timed nhrp -n "$HUB" -batch "$tmp/saved"
	report_load "nhrp -batch, of nhrp map save" "$mappings"
	save_mappings | cmp -s - "$tmp/saved" || distrust "map save: restored something else"
}

# write_once: one mapping by the open nhrp; sets $took to the us until it is done
write_once()
{
	local from=${EPOCHREALTIME/./} line

	printf '%s\n' "map replace 10.0.0.9 nbma $far_nbma dev tun0" \
		"map get 10.0.0.9 dev tun0" >&"${WRITER[1]}"
	read -r -t 60 line <&"${WRITER[0]}"
	took=$((${EPOCHREALTIME/./} - from))
	[[ $line == *"nbma $far_nbma"* ]] || distrust "write beside a flush: got '$line'"
}

# thousandths NUMBER: as a number with three decimals
thousandths()
{
	awk -v n="$1" 'BEGIN { printf "%.3f", n / 1000 }'
}

# flush_beside_writer: how long another writer waits at most while all is flushed
flush_beside_writer()
{
	local took longest=0 writes=0 alone=0 pid to i

	coproc WRITER { nhrp -n "$HUB" -batch -; }
	to=${WRITER[1]}
	for ((i = 0; i < 20; i++)); do
		write_once
		[ $i -lt 10 ] || [ "$took" -lt $alone ] || alone=$took
	done
	flush_mappings &
	pid=$!
	while [ -e /proc/$pid ]; do
		write_once
		[ "$took" -lt $longest ] || longest=$took
		writes=$((writes + 1))
	done
	wait $pid || distrust "map flush: exit status $?"
	exec {to}>&-
	wait "$WRITER_PID"
	[ $writes -gt 2 ] || distrust "only $writes writes beside a flush"
	printf '%-42s %8d %8s ms of %d writes (alone %s)\n' "longest wait of a writer meanwhile" \
		"$mappings" "$(thousandths $longest)" $writes "$(thousandths $alone)"
}

bench_cache()
{
	local before size load_ratio batch_ratio octets busy system

	echo "CPU seconds at one instruction in a ns, entries/s likewise; ratio: of entries/s"
	echo "to those of neighbours"
	cache_head
	neighbour_cache
	for size in $large $mappings; do
		table_life "$size"
		[ "$size" != "$large" ] ||
			goal "seconds to delete a device with $size mappings" \
				"$(thousandths $((elapsed / 1000000)))" most 1
	done
	goal "octets of a mapping with its peer" "$octets" most 512
	goal "rate of nhrp -batch to that of ip -batch" "$batch_ratio" least 5

	try ip -n "$HUB" link add tun0 type mgre local "$hub_nbma"
	random_order
	try flush_mappings
	restore_saved
	flush_beside_writer
	try ip -n "$HUB" link del tun0
	deletion_with_routes mgre "mgre with mappings"
	deletion_with_routes gre "ip_gre with neighbours"
	echo
}
