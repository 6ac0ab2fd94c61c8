// The telling of a change that very many have subscribed to: a service configuration is everybody's, and a million NOTIFYs take
// minutes in which other requests have their turn.
//
// One row of the outbox says "whoever watches this path, from this dialog on", so a change costs one row and no million. It
// tells a page of watchers, which go to their home shards, and puts the row of the next page; whoever has not answered gets
// a row of his own, and the page does not wait for him. All pages of all changes share one pace. After SIGKILL a page is
// told again: who has heard of the change hears nothing.
//
//   "xcap.p." random   payload: path NUL local-tag, of the last dialog that was told
//
// On shard 0, where the outbox runs, but for begin().
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/registration/registrar.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/outbox_row.h"
#include "storage/transaction.h"

namespace claviger::configuration {

// Watchers of one path that are told together: some 10 ms of a shard with two of them. Up to so many each has a row of his own
// at once.
inline constexpr std::size_t kFanOutPage = 256;
// NOTIFYs of fan-outs, by each shard. One takes some 100 us of CPU, with its two commits, and its subscriber as much where he
// shares the machine; bench/system/fan_out.py says what that leaves to a hot path.
inline constexpr std::size_t kFanOutPerSecond = 600;

class DocumentFanOut {
 public:
  static constexpr std::string_view kRows = "xcap.p.";
  // One dialog's NOTIFY, at its home shard, as of a row of its own.
  using Tell = std::function<runtime::Task<Result<Unit>>(std::string local_tag)>;
  // The row of one dialog.
  using PutTell = std::function<Result<Unit>(broker::Context& context, storage::Transaction& change,
                                             std::string_view tag, std::int64_t due)>;

  DocumentFanOut(registration::Registrar& registrar, Tell tell, PutTell put_tell)
      : registrar_(registrar), tell_(std::move(tell)), put_tell_(std::move(put_tell)) {}
  DocumentFanOut(const DocumentFanOut&) = delete;
  DocumentFanOut& operator=(const DocumentFanOut&) = delete;

  // Any shard: all watchers of the path are told of what is different; the rows that do it are durable when it returns. What
  // the store says, CryptoFailure.
  runtime::Task<Result<Unit>> begin(broker::Context* context, std::string path);
  // A row of the kind above is due. The outbox may come to a row twice, and then it must not go on twice: the row goes in the
  // very change that puts the next one.
  runtime::Task<Result<Unit>> tell_page(storage::OutboxRow row);

 private:
  runtime::Task<Result<std::vector<std::string>>> watchers(broker::Context* context, std::string path,
                                                           std::string behind);
  runtime::Task<std::vector<std::string>> tell_all(std::vector<std::string> tags);
  Result<Unit> put_page(broker::Context& context, storage::Transaction& change, std::string_view path,
                        std::string_view behind);
  Monotonic take_turn(std::size_t notifications);

  registration::Registrar& registrar_;
  Tell tell_;
  PutTell put_tell_;
  Monotonic next_page_{};
};

}  // namespace claviger::configuration
