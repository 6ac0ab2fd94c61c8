// Whoever subscribes has his answer first, and then the NOTIFY that he is owed: the answer tells him his dialog, and many a UE
// refuses what comes before it (RFC 6665 clause 4.2.1.2 lets it come, clause 4.1.2.4 wants it understood).
//
// One per shard, of the Registrar: the dialogs at home there, of every event package, whose SUBSCRIBE has no answer yet. The
// row of the outbox is durable with the subscription as ever; what waits is the sending, and after a restart nothing waits.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/shard.h"
#include "core/runtime/task.h"

namespace claviger::registration {

class AnswerFirst : public std::enable_shared_from_this<AnswerFirst> {
 public:
  explicit AnswerFirst(runtime::Shard& home) : home_(home) {}
  AnswerFirst(const AnswerFirst&) = delete;
  AnswerFirst& operator=(const AnswerFirst&) = delete;

  // Any shard, before the change that puts the row: the dialog's NOTIFYs wait until the last copy of this is let go of, which
  // may happen on any shard. It goes with the answer (sip::Response::until_sent).
  std::shared_ptr<const void> hold(const std::string& local_tag);
  // Home: until no answer of the dialog is outstanding, or so long that none will come.
  runtime::Task<void> wait(std::string local_tag);

 private:
  class Hold;
  struct Due {
    std::size_t answers = 0;
    std::vector<runtime::Completer<Unit>> waiters;
  };
  void at_home(UniqueFunction<void()> what);
  void add(const std::string& local_tag) { ++due_[local_tag].answers; }
  void remove(const std::string& local_tag);

  runtime::Shard& home_;
  std::map<std::string, Due> due_;  // at most as many as there are transactions
};

}  // namespace claviger::registration
