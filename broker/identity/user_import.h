// Many users at once: creates those whose login is new and updates the others, so that a resumed import does no harm.
//
// Called on any shard and runs there; a whole batch is a few transactions. A bad draft is named and loses no good one.
// Plaintext passwords are hashed in the password pool with as many in flight as it has threads, so that people who
// sign in meanwhile wait for a few hashes, not for the batch.
#pragma once

#include <cstdint>
#include <vector>

#include "broker/identity/user_procedures.h"

namespace claviger::identity {

// One request of the admin socket; 4096 users with all identities are 24 576 writes of at most 65 536.
inline constexpr std::size_t kImportMax = 4096;

struct ImportRefusal {
  std::size_t index = 0;  // in the batch
  Error error{Code::Internal, ""};
};
struct ImportReport {
  std::uint32_t created = 0;
  std::uint32_t updated = 0;
  std::uint32_t unchanged = 0;
  std::vector<std::string> followed;   // subs of whom it enabled or disabled: what follows is owed (status_row.h)
  std::vector<ImportRefusal> refused;  // in order of index; Duplicate: a login or identity twice in the batch
};

// An update takes what the draft says; what it leaves out stays as it is, an empty password keeps the old one, a new
// plaintext or hash replaces it. The same password replaces nothing: neither the same plaintext, which only renews a
// hash that was made with other parameters than those of today, nor the hash that a sign-in has renewed since the file
// was made. Who is disabled by an update, or gets another password, has no token or session left on any shard when it
// returns, as with disable_user() and set_password(). Fails as a whole only when the store or the pool does (what was
// committed until then stays; the caller sends the batch again).
runtime::Task<Result<ImportReport>> import_users(broker::Context* context, std::string tenant,
                                                 std::vector<UserDraft> drafts);

}  // namespace claviger::identity
