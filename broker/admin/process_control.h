// What the admin socket asks of the process as a whole: reload, drain, clock, listeners. Implemented by Broker; tests
// have their own.
//
// Called on any shard. What it returns by value is a copy taken at that moment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/runtime/task.h"

namespace claviger::http {
struct Counters;  // core/http/counters.h
}

namespace claviger::admin {

struct ListenerFigures {
  std::string name;                             // "https 127.0.0.1:8443", "admin /run/claviger/admin.sock"
  std::vector<const http::Counters*> by_shard;  // live as long as the process serves
};

struct CertificateFigures {
  std::string file;
  std::int64_t not_after = 0;  // NumericDate
  bool is_stored = false;      // of a record of the store; `file` says which
};

// A reload that found errors has changed nothing.
struct ReloadReport {
  std::vector<std::string> errors;
  std::vector<std::string> needs_restart;  // settings that differ and kept their old value
  std::vector<std::string> warnings;       // what is in force and will not do for long
  std::uint64_t snapshot = 0;              // number of the snapshot that every shard has now
  bool is_applied() const { return errors.empty(); }
};

class ProcessControl {
 public:
  virtual ~ProcessControl() = default;

  // As SIGHUP does: reads the configuration file again, publishes it to every shard, opens the audit log anew.
  virtual runtime::Task<ReloadReport> reload() = 0;
  // Begins the drain that SIGTERM begins, and returns at once: the answer to the asker still goes out.
  virtual void shutdown() = 0;
  // Null unless the configuration says sandbox = true.
  virtual SandboxClock* sandbox_clock() = 0;
  virtual std::vector<ListenerFigures> listeners() const = 0;
  // Those of the configuration and the first to end of the store, as they were at the start, the last reload or look.
  virtual std::vector<CertificateFigures> certificates() const { return {}; }
  // Why the process is not ready, as a literal ("starting", "draining"); empty when it is. The store's health is
  // looked at besides.
  virtual std::string_view why_not_ready() const = 0;
  virtual Monotonic started_at() const = 0;
  // What rooms have read of the configuration file for themselves, as TOML.
  virtual std::string rooms_toml() const { return {}; }
};

}  // namespace claviger::admin
