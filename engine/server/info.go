package server

import (
	"math"
	"strconv"
	"strings"

	"everysec/engine/command"
	"everysec/engine/ds/order"
	"everysec/engine/event"
	"everysec/engine/keyspace"
)

// infoSection writes one section of INFO.
type infoSection struct {
	name      string
	isDefault bool // in INFO without arguments
	write     func(s *Server, w *infoWriter)
}

// infoSections in the order of INFO.
var infoSections = []infoSection{
	{"server", true, infoServer},
	{"clients", true, infoClients},
	{"memory", true, infoMemory},
	{"persistence", true, infoPersistence},
	{"stats", true, infoStats},
	{"replication", true, infoReplication},
	{"cpu", true, infoCPU},
	{"modules", true, func(*Server, *infoWriter) {}},
	{"commandstats", false, infoCommandStats},
	{"errorstats", true, infoErrorStats},
	{"latencystats", false, infoLatencyStats},
	{"cluster", true, func(_ *Server, w *infoWriter) { w.int("cluster_enabled", 0) }},
	{"keyspace", true, infoKeyspace},
	{asideSection, false, infoAside},
}

// asideSection is of a host that uses it, and not among "all".
const asideSection = "aside"

var infoTitles = map[string]string{
	"cpu": "CPU", "commandstats": "Commandstats", "errorstats": "Errorstats", "latencystats": "Latencystats",
}

// Info is the text of INFO for some sections; none: the default ones.
func (s *Server) Info(sections []string) []byte {
	wanted := func(sec infoSection) bool {
		if sec.name == asideSection && s.aside.db == 0 {
			return false
		}
		if len(sections) == 0 {
			return sec.isDefault
		}
		for _, name := range sections {
			switch name = strings.ToLower(name); name {
			case "all", "everything":
				if sec.name != asideSection {
					return true
				}
			case "default":
				if sec.isDefault {
					return true
				}
			case sec.name:
				return true
			}
		}
		return false
	}
	w := &infoWriter{}
	for _, sec := range infoSections {
		if !wanted(sec) {
			continue
		}
		if len(w.b) > 0 {
			w.b = append(w.b, "\r\n"...)
		}
		title := infoTitles[sec.name]
		if title == "" {
			title = strings.ToUpper(sec.name[:1]) + sec.name[1:]
		}
		w.b = append(w.b, "# "+title+"\r\n"...)
		sec.write(s, w)
	}
	return w.b
}

type infoWriter struct{ b []byte }

// Inlined in the two hundred places that call it, it would be a tenth of the
// server's code.
//
//go:noinline
func (w *infoWriter) text(name, value string) {
	w.b = append(w.b, name...)
	w.b = append(w.b, ':')
	w.b = append(w.b, value...)
	w.b = append(w.b, "\r\n"...)
}

//go:noinline
func (w *infoWriter) int(name string, n int64) { w.text(name, itoa(n)) }

func (w *infoWriter) bool(name string, b bool) { w.int(name, int64(b2i(b))) }

func (w *infoWriter) status(name string, failed bool) {
	if failed {
		w.text(name, "err")
		return
	}
	w.text(name, "ok")
}

func (w *infoWriter) fixed(name string, f float64) { w.text(name, strconv.FormatFloat(f, 'f', 2, 64)) }

func (w *infoWriter) memory(name string, n int64) {
	w.int(name, n)
	w.text(name+"_human", humanBytes(n))
}

// humanBytes is a size as INFO's _human fields print it.
func humanBytes(n int64) string {
	units := []string{"K", "M", "G", "T", "P"}
	if n < 1024 {
		return itoa(n) + "B"
	}
	f, i := float64(n)/1024, 0
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	return strconv.FormatFloat(f, 'f', 2, 64) + units[i]
}

func infoServer(s *Server, w *infoWriter) {
	uptime := (s.now - s.startedAt) / 1000000
	w.text("redis_version", Version)
	w.text("redis_git_sha1", "00000000")
	w.text("redis_git_dirty", "0")
	w.text("redis_build_id", "everysec")
	w.text("redis_mode", "standalone")
	w.text("os", "Everysec")
	w.text("arch_bits", "64")
	w.text("monotonic_clock", "the host's")
	w.text("multiplexing_api", "step")
	w.text("atomicvar_api", "none")
	w.text("gcc_version", "0.0.0")
	w.int("process_id", int64(s.processID))
	w.text("process_supervised", "no")
	w.text("run_id", s.runID)
	w.int("tcp_port", int64(s.config.Port))
	w.int("server_time_usec", s.now)
	w.int("uptime_in_seconds", uptime)
	w.int("uptime_in_days", uptime/86400)
	w.int("hz", int64(s.hz()))
	w.int("configured_hz", int64(s.config.Hz))
	w.int("lru_clock", s.now/1000000&(1<<24-1))
	w.text("executable", "everysec-server")
	w.text("config_file", s.config.File)
	w.int("io_threads_active", 0)
}

func infoClients(s *Server, w *infoWriter) {
	maxIn, maxOut := int64(0), int64(0)
	for _, p := range s.memory.peaks {
		maxIn, maxOut = max(maxIn, p[0]), max(maxOut, p[1])
	}
	w.int("connected_clients", int64(len(s.order)))
	w.int("cluster_connections", 0)
	w.int("maxclients", s.config.MaxClients)
	w.int("client_recent_max_input_buffer", maxIn)
	w.int("client_recent_max_output_buffer", maxOut)
	w.int("blocked_clients", int64(s.blocking.clients))
	w.int("tracking_clients", int64(s.tracking.clients))
	w.int("clients_in_timeout_table", int64(s.blocking.timed))
}

func percent(part, whole int64) string {
	if whole <= 0 {
		return "0.00%"
	}
	return strconv.FormatFloat(float64(part)*100/float64(whole), 'f', 2, 64) + "%"
}

func infoPersistence(s *Server, w *infoWriter) {
	j := s.job()
	saving := j != nil && j.kind == event.BackgroundSave
	rewriting := j != nil && j.kind == event.Rewrite
	a := &s.aof
	current := func(running bool) int64 {
		if !running {
			return -1
		}
		return (s.now - j.begun) / 1000000
	}
	w.bool("loading", s.loading != nil)
	w.int("async_loading", 0)
	copied, done, total := int64(0), int64(0), int64(0)
	if j != nil {
		copied, done, total = j.copied, j.keys, j.total
	}
	w.int("current_cow_peak", copied)
	w.int("current_cow_size", copied)
	w.int("current_cow_size_age", 0)
	w.fixed("current_fork_perc", float64(done)*100/float64(max(total, 1)))
	w.int("current_save_keys_processed", done)
	w.int("current_save_keys_total", total)
	w.int("rdb_changes_since_last_save", s.rdb.changes)
	w.bool("rdb_bgsave_in_progress", saving)
	w.int("rdb_last_save_time", s.rdb.lastSave)
	w.status("rdb_last_bgsave_status", s.rdb.lastFailed)
	w.int("rdb_last_bgsave_time_sec", s.rdb.lastSeconds)
	w.int("rdb_current_bgsave_time_sec", current(saving))
	w.int("rdb_saves", s.rdb.saves)
	w.int("rdb_last_cow_size", s.rdb.lastCopied)
	w.int("rdb_last_load_keys_expired", s.loadedExpired)
	w.int("rdb_last_load_keys_loaded", s.loadedKeys)
	w.bool("aof_enabled", a.enabled)
	w.bool("aof_rewrite_in_progress", rewriting)
	w.bool("aof_rewrite_scheduled", a.rewriteScheduled)
	w.int("aof_last_rewrite_time_sec", a.lastRewriteSeconds)
	w.int("aof_current_rewrite_time_sec", current(rewriting))
	w.status("aof_last_bgrewrite_status", a.lastRewriteFailed)
	w.int("aof_rewrites", a.rewrites)
	w.int("aof_rewrites_consecutive_failures", a.rewriteFailures)
	w.status("aof_last_write_status", a.writeFailed)
	w.int("aof_last_cow_size", a.lastCopied)
	w.int("module_fork_in_progress", 0)
	w.int("module_fork_last_cow_size", 0)
	if a.enabled {
		w.int("aof_current_size", a.currentSize)
		w.int("aof_base_size", a.baseSize)
		w.int("aof_pending_rewrite", 0)
		w.int("aof_buffer_length", int64(a.buffer.size))
		w.int("aof_pending_bio_fsync", int64(b2i(a.sync != nil)))
		w.int("aof_delayed_fsync", a.delayedSyncs)
	}
	if l := s.loading; l != nil {
		elapsed := (s.now - l.begun) / 1000000
		w.int("loading_start_time", l.begun/1000000)
		w.int("loading_total_bytes", l.total)
		w.int("loading_rdb_used_mem", l.usedMemory)
		w.int("loading_loaded_bytes", l.done)
		w.text("loading_loaded_perc", strconv.FormatFloat(float64(l.done)*100/float64(max(l.total, 1)), 'f', 2, 64))
		eta := int64(1) // nothing is known in the first second
		if elapsed > 0 {
			eta = elapsed * (l.total - l.done) / (l.done + 1)
		}
		w.int("loading_eta_seconds", eta)
	}
}

func infoStats(s *Server, w *infoWriter) {
	st := &s.stats
	w.int("total_connections_received", st.connections)
	w.int("total_commands_processed", st.commands)
	w.int("instantaneous_ops_per_sec", st.samples[0].mean())
	w.int("total_net_input_bytes", st.netInput)
	w.int("total_net_output_bytes", st.netOutput)
	w.int("total_net_repl_input_bytes", 0)
	w.int("total_net_repl_output_bytes", 0)
	w.fixed("instantaneous_input_kbps", float64(st.samples[1].mean())/1024)
	w.fixed("instantaneous_output_kbps", float64(st.samples[2].mean())/1024)
	w.fixed("instantaneous_input_repl_kbps", 0)
	w.fixed("instantaneous_output_repl_kbps", 0)
	w.int("rejected_connections", st.rejectedConnections)
	w.int("sync_full", 0)
	w.int("sync_partial_ok", 0)
	w.int("sync_partial_err", 0)
	w.int("expired_keys", s.space.ExpiredKeys)
	if n := s.space.ExpiredFields; n > 0 { // of Redis 7.4
		w.int("expired_subkeys", n)
	}
	w.fixed("expired_stale_perc", s.expiring.stale*100)
	w.int("expired_time_cap_reached_count", s.expiring.timeCaps)
	w.int("expire_cycle_cpu_milliseconds", s.expiring.work/1_000_000)
	w.int("evicted_keys", s.eviction.keys)
	w.int("evicted_clients", s.stats.evictedClients)
	exceeded, exceededNow := s.eviction.exceeded(s.now)
	w.int("total_eviction_exceeded_time", exceeded/1000)
	w.int("current_eviction_exceeded_time", exceededNow/1000)
	w.int("keyspace_hits", s.space.Hits)
	w.int("keyspace_misses", s.space.Misses)
	w.int("pubsub_channels", int64(s.pubsub.ChannelCount(command.Global)))
	w.int("pubsub_patterns", int64(s.pubsub.PatternCount()))
	w.int("pubsubshard_channels", int64(s.pubsub.ChannelCount(command.Shard)))
	w.int("latest_fork_usec", 0)
	w.int("total_forks", 0)
	w.int("migrate_cached_sockets", 0)
	w.int("slave_expires_tracked_keys", 0)
	w.int("active_defrag_hits", 0)
	w.int("active_defrag_misses", 0)
	w.int("active_defrag_key_hits", 0)
	w.int("active_defrag_key_misses", 0)
	w.int("total_active_defrag_time", 0)
	w.int("current_active_defrag_time", 0)
	w.int("tracking_total_keys", int64(len(s.tracking.order)))
	w.int("tracking_total_items", int64(s.tracking.items))
	w.int("tracking_total_prefixes", int64(len(s.tracking.prefixes)))
	w.int("unexpected_error_replies", st.unexpectedErrors)
	w.int("total_error_replies", st.errorReplies)
	w.int("dump_payload_sanitizations", 0)
	w.int("total_reads_processed", st.reads)
	w.int("total_writes_processed", st.writes)
	w.int("io_threaded_reads_processed", 0)
	w.int("io_threaded_writes_processed", 0)
	w.int("reply_buffer_shrinks", st.replyShrinks)
	w.int("reply_buffer_expands", st.replyExpands)
}

func infoReplication(s *Server, w *infoWriter) {
	w.text("role", "master")
	w.int("connected_slaves", 0)
	w.text("master_failover_state", "no-failover")
	w.text("master_replid", s.replicationID)
	w.text("master_replid2", strings.Repeat("0", 40))
	w.int("master_repl_offset", 0)
	w.int("second_repl_offset", -1)
	w.int("repl_backlog_active", 0)
	backlog, _ := s.config.Value("repl-backlog-size")
	w.text("repl_backlog_size", backlog)
	w.int("repl_backlog_first_byte_offset", 0)
	w.int("repl_backlog_histlen", 0)
}

// infoCPU reports the time commands took by the host's stopwatch: a state
// machine has no processor time of its own.
func infoCPU(s *Server, w *infoWriter) {
	micro := int64(0)
	for _, c := range s.stats.calls {
		micro += c.microseconds
	}
	seconds := strconv.FormatFloat(float64(micro)/1e6, 'f', 6, 64)
	w.text("used_cpu_sys", "0.000000")
	w.text("used_cpu_user", seconds)
	w.text("used_cpu_sys_children", "0.000000")
	w.text("used_cpu_user_children", "0.000000")
	w.text("used_cpu_sys_main_thread", "0.000000")
	w.text("used_cpu_user_main_thread", seconds)
}

// calledCommands lists commands by their statistics, sorted.
func (s *Server) calledCommands(chosen func(c *callStatistics) bool) []*command.Spec {
	var specs []*command.Spec
	note := func(spec *command.Spec) {
		if chosen(&s.stats.calls[spec.Row()]) {
			specs = append(specs, spec)
		}
	}
	for _, spec := range s.table.All() {
		note(spec)
		for _, sub := range spec.Subcommands {
			note(sub)
		}
	}
	order.By(specs, func(a, b *command.Spec) int { return strings.Compare(a.FullName(), b.FullName()) })
	return specs
}

func infoCommandStats(s *Server, w *infoWriter) {
	for _, spec := range s.calledCommands(func(c *callStatistics) bool { return c.calls+c.rejected > 0 }) {
		c := &s.stats.calls[spec.Row()]
		perCall := float64(c.microseconds) / float64(max(c.calls, 1))
		w.text("cmdstat_"+spec.FullName(), "calls="+itoa(c.calls)+",usec="+itoa(c.microseconds)+
			",usec_per_call="+strconv.FormatFloat(perCall, 'f', 2, 64)+
			",rejected_calls="+itoa(c.rejected)+",failed_calls="+itoa(c.failed))
	}
}

// infoLatencyStats tells percentiles of the durations of each command that
// ran, to the precision of LATENCY HISTOGRAM.
func infoLatencyStats(s *Server, w *infoWriter) {
	if !s.config.LatencyTracking {
		return
	}
	list, _ := s.config.Value("latency-tracking-info-percentiles")
	percentiles := strings.Fields(list)
	for _, spec := range s.calledCommands(func(c *callStatistics) bool { return c.levels != nil }) {
		levels := s.Durations(spec)
		total := int64(0)
		for _, n := range levels {
			total += n
		}
		line := ""
		for _, p := range percentiles {
			share, _ := strconv.ParseFloat(p, 64) // CONFIG SET has checked it
			wanted := max(int64(math.Ceil(share/100*float64(total))), 1)
			level, seen := 0, levels[0]
			for seen < wanted {
				level++
				seen += levels[level]
			}
			if line != "" {
				line += ","
			}
			line += "p" + p + "=" + strconv.FormatFloat(float64(command.LevelLimit(level))/1000, 'f', 3, 64)
		}
		w.text("latency_percentiles_usec_"+spec.FullName(), line)
	}
}

// safeInfo takes what separates fields of INFO out of a name that a script made up.
func safeInfo(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c == '#' || c == ':' || c == '\r' || c == '\n' {
			b[i] = '_'
		}
	}
	return string(b)
}

func infoErrorStats(s *Server, w *infoWriter) {
	codes := make([]string, 0, len(s.stats.errors))
	for code := range s.stats.errors {
		codes = append(codes, code)
	}
	order.Ascending(codes)
	for _, code := range codes {
		w.text("errorstat_"+safeInfo(code), "count="+itoa(s.stats.errors[code]))
	}
}

func infoKeyspace(s *Server, w *infoWriter) {
	for _, db := range s.space.DBs {
		if db.Len() == 0 {
			continue
		}
		w.text("db"+itoa(db.ID), "keys="+itoa(db.Len())+",expires="+itoa(db.Volatile())+",avg_ttl="+itoa(db.AverageTTL())+subexpiry(db))
	}
}

// subexpiry is the number of hashes with fields that expire, which only Redis
// 7.4 knows; where there are none the line is that of 7.0.
func subexpiry(db *keyspace.DB) string {
	if n := db.Expiring(); n > 0 {
		return ",subexpiry=" + itoa(n)
	}
	return ""
}
