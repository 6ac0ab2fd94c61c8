// Checking the chain of an audit log: blocking, off the loop, one pass over the files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/admin/audit_line.h"

namespace claviger::admin {

struct AuditReport {
  bool is_intact = false;
  std::uint64_t entries = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  // When it is not intact: the first bad line. Line 0: the file as a whole.
  std::string bad_file;
  std::uint64_t bad_line = 0;
  std::string why;
};

// `files`: paths, oldest first. `head`: where the chain must have arrived at least at the end of the last file, as the
// store knows it; nothing: the last file is a rotated one.
AuditReport verify_audit_files(const crypto::HmacSha256& key, const std::vector<std::string>& files,
                               std::optional<AuditHead> head);

// The log at `path` and all beside it whose names begin with its own, in the order of their first entries: those of which no
// first entry can be read come first, and what is compressed is left out.
std::vector<std::string> audit_files_beside(const crypto::HmacSha256& key, const std::string& path);

}  // namespace claviger::admin
