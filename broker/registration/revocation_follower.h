// Ends the service of whoever's token, session or user was revoked: it follows the table of revocations, as embedded
// verifiers follow its feed (broker/tokens/revocations.h), so that no procedure elsewhere has to think of SIP.
//
// One per process, on shard 0. How far it came is in tables::kInstallation: what was revoked while the process was down is
// found when it starts.
#pragma once

#include <cstdint>
#include <string>

#include "broker/registration/registrar.h"
#include "broker/tokens/verifier/revocation.h"
#include "core/base/result.h"
#include "core/runtime/scope.h"
#include "core/runtime/task.h"

namespace claviger::registration {

class RevocationFollower {
 public:
  RevocationFollower(broker::Context& context, Registrar& registrar) : context_(context), registrar_(registrar) {}
  RevocationFollower(const RevocationFollower&) = delete;
  RevocationFollower& operator=(const RevocationFollower&) = delete;

  void start() { scope_.spawn(run()); }

 private:
  runtime::Task<void> run();
  runtime::Task<Result<Unit>> begin();
  runtime::Task<Result<Unit>> catch_up();
  runtime::Task<Result<Unit>> read_all();
  runtime::Task<Result<Unit>> look_at(std::string key);
  runtime::Task<Result<Unit>> end_bindings(tokens::Revocation revocation);
  runtime::Task<Result<Unit>> save();

  broker::Context& context_;
  Registrar& registrar_;
  std::uint64_t next_ = 0;
  runtime::Scope scope_;  // last: its task uses all of the above
};

}  // namespace claviger::registration
