// The telling of a change that very many have subscribed to: a service configuration is everybody's, and a million NOTIFYs take
// minutes in which other requests have their turn.
//
// A walk is a record, one for a path: how far it has come among the dialogs that watch it. So a change costs one record and no
// million, and a newer change of the same document begins no second walk: the one under way goes on from where it stands,
// once around. One task walks, a page of one path and then a page of the next, at one pace for all; it takes no place of the
// outbox. Whoever has not answered when his page ends gets a row of his own. After SIGKILL a page is told again: who has heard of
// the change hears nothing.
//
//   kDocumentSubscriptions   tenant NUL "p" NUL path   the walk
//
// On shard 0, but for begin().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/registration/registrar.h"
#include "core/base/result.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/scope.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"
#include "storage/value.h"

namespace claviger::configuration {

// Watchers of one path that are told between two commits of the walk. Up to so many each has a row of his own at once.
inline constexpr std::size_t kFanOutPage = 256;
// Of a page that begin together: others' requests wait no longer than these take, some milliseconds.
inline constexpr std::size_t kFanOutPortion = 16;
// NOTIFYs of fan-outs, by each shard. One takes some 100 us of CPU, with its two commits, and its subscriber as much where he
// shares the machine; bench/system/fan_out.py says what that leaves to a hot path.
inline constexpr std::size_t kFanOutPerSecond = 600;
// For the answers of a page. Who is slower is told by a row of his own, and the others do not wait for him.
inline constexpr Milliseconds kFanOutAnswers{500};

// How far a walk has come: from the dialog behind `cursor` to the end and, where it goes around, from the first to `until`.
struct FanOutWalk {
  std::string cursor;  // the last dialog that was told; empty: none
  std::string until;   // empty: to the end
  bool goes_around = false;
  std::uint64_t version = 0;  // of the record; not stored in it

  // Everybody must be told of something newer: once around from here.
  void begin_again();
  // A page behind the cursor was told. False: the walk is done.
  bool advance(const std::string& last, bool is_page_full);
};
std::string walk_key(std::string_view tenant, std::string_view path);
std::string encode(const FanOutWalk& walk);
// Corrupt, SchemaTooNew.
Result<FanOutWalk> decode_walk(const storage::Value& value, std::string_view path);

class DocumentFanOut {
 public:
  // One dialog's NOTIFY, at its home shard, as of a row of its own.
  using Tell = std::function<runtime::Task<Result<Unit>>(std::string local_tag)>;
  // The row of one dialog.
  using PutTell = std::function<void(storage::Transaction& change, std::string_view tag, std::int64_t due)>;

  DocumentFanOut(registration::Registrar& registrar, Tell tell, PutTell put_tell)
      : registrar_(registrar), tell_(std::move(tell)), put_tell_(std::move(put_tell)) {}
  DocumentFanOut(const DocumentFanOut&) = delete;
  DocumentFanOut& operator=(const DocumentFanOut&) = delete;

  // Begins to walk, what was under way before a restart with it.
  void start();
  // From the loop: no page is told any more. The walks stay where they are until the next start.
  void stop() { scope_.cancel(); }
  // Any shard: all watchers of the path are told of what is different; what does it is durable when it returns. What the store
  // says, Overload.
  runtime::Task<Result<Unit>> begin(broker::Context* context, std::string path);
  // A page of the next walk in order. False: there is none.
  runtime::Task<Result<bool>> tell_next();

 private:
  struct Page {
    std::vector<std::string> tags;
    bool is_full = false;
  };
  runtime::Task<void> run();
  void wake();
  runtime::Task<Result<Unit>> begin_walk(broker::Context* context, std::string path);
  runtime::Task<Result<std::vector<std::string>>> watchers(broker::Context* context, std::string path,
                                                           std::string behind);
  runtime::Task<Result<Page>> page_of(std::string path, std::shared_ptr<const FanOutWalk> walk);
  runtime::Task<std::vector<std::string>> tell_all(std::vector<std::string> tags);
  runtime::Task<Result<Unit>> go_on(std::string path, std::shared_ptr<const FanOutWalk> from,
                                    std::shared_ptr<const Page> page, std::vector<std::string> again);
  Monotonic take_turn(std::size_t notifications);

  registration::Registrar& registrar_;
  Tell tell_;
  PutTell put_tell_;
  Monotonic next_portion_{};
  std::string next_walk_;  // its key; empty: the first one
  std::optional<runtime::Completer<Unit>> sleeping_;
  bool is_woken_ = false;
  runtime::Scope scope_;  // last: its task uses all of the above
};

}  // namespace claviger::configuration
