// Partners: this process's knowledge of the partners, on every shard, and what is done for it in the background: their
// keys are fetched, their revocations followed.
//
// One per process, made by Broker after the Contexts. table() and reader() are of the calling shard. Everything that
// changes or fetches runs on the home shard (0), one change at a time; no shard ever waits for a partner, only the
// request that needs his new key does (kRefreshWaitMax).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/partners/partner_table.h"
#include "core/base/result.h"
#include "core/codec/json_reader.h"
#include "core/runtime/task.h"
#include "core/runtime/turns.h"

namespace claviger::partners {

// Keys are fetched this often; new ones are published a day before they sign.
inline constexpr Seconds kKeysEvery{300};
// After a failure: doubled from the first to the last.
inline constexpr Seconds kRetryFirst{1};
inline constexpr Seconds kRetryLast{60};
// Of the revocation feed: what a partner revokes meanwhile is not known here.
inline constexpr Seconds kFeedRetryLast{8};
// A partner's JWKS has some keys of some hundred bytes.
inline constexpr std::size_t kJwksBytesMax = 64 * 1024;
// Whoever ends sessions waits for that himself; this finds what a crash left (owed_ends.h).
inline constexpr Seconds kSettleEvery{30};
// A request whose token has an unknown kid waits this long for the partner.
inline constexpr Milliseconds kRefreshWaitMax{5000};

using Contexts = std::vector<std::unique_ptr<broker::Context>>;

// How far a partner is heard, for operators.
struct PartnerFigures {
  std::string tenant;
  std::string partner;
  bool follows_keys = false;         // they have a jwks_uri, and the partner is enabled
  bool follows_feed = false;         // its revocations, the same
  std::int64_t keys_fetched_at = 0;  // NumericDate; 0: never
  std::int64_t feed_heard_at = 0;    // of the last poll that it answered; 0: not since the start
  std::string_view keys_error;       // why the last try failed, a Code's name; empty: it did not
  std::string_view feed_error;       // the same
};

class Partners {
 public:
  explicit Partners(Contexts& contexts);
  Partners(const Partners&) = delete;
  Partners& operator=(const Partners&) = delete;
  // Stopped, or never started.
  ~Partners();

  // On the home shard: reads the partners, publishes, and begins to follow them.
  runtime::Task<Result<Unit>> start();
  // On the home shard: nothing is fetched or followed any more.
  void stop();

  broker::Context& home() { return *contexts_.front(); }
  // Held through a change of a partner's record and the publication that follows. On the home shard.
  runtime::Turns& turns() { return turns_; }
  // On the home shard, with the turn held: reads all records again, publishes, follows what is new or changed.
  runtime::Task<Result<Unit>> reload();
  // The same, when the last reload() failed: what is changed must be what is written.
  runtime::Task<Result<Unit>> catch_up();

  // The same, before reload(): its keys come from elsewhere now, what was fetched counts no more.
  void forget_keys(const std::string& tenant, const std::string& name);

  // Any shard. What runtime::call_on() says: the home shard is too busy.
  runtime::Task<Result<std::vector<PartnerFigures>>> figures();

  std::shared_ptr<const PartnerTable> table() const;
  codec::JsonReader& reader();

  // Any shard. Fetches the partner's keys now, and has its feed asked again if it is there: PartnerUnknown, PartnerDisabled, PartnerInvalid (installed keys), or why
  // the partner does not answer.
  runtime::Task<Result<Unit>> refresh_keys(broker::Context* context, std::string tenant, std::string name);
  // Any shard. A token named a key that is not among `known`: returns when there are others, at most once in
  // kKeyRefreshInterval by asking the partner.
  runtime::Task<Result<Unit>> refresh_for_unknown_key(broker::Context* context, std::string tenant, std::string name,
                                                      std::shared_ptr<const tokens::KeySet> known);

 private:
  struct Link;
  struct Follower;
  struct Home;
  struct PerShard {
    std::shared_ptr<const PartnerTable> table = std::make_shared<const PartnerTable>();
    codec::JsonReader reader;
  };

  runtime::Task<Result<std::vector<PartnerFigures>>> figures_at_home();
  runtime::Task<Result<Unit>> load();
  runtime::Task<void> publish();
  runtime::Task<Result<Unit>> follow_changed();
  runtime::Task<Result<Unit>> fetch_keys(std::shared_ptr<Link> link);
  runtime::Task<Result<Unit>> refresh_at_home(std::string tenant, std::string name);
  runtime::Task<Result<Unit>> refresh_unknown_at_home(std::string tenant, std::string name,
                                                      std::shared_ptr<const tokens::KeySet> known);
  runtime::Task<void> sweep_owed();
  runtime::Task<void> follow_keys(std::shared_ptr<Link> link);
  runtime::Task<void> follow_feed(std::shared_ptr<Link> link);
  runtime::Task<Result<std::size_t>> poll_feed(std::shared_ptr<Link> link);

  Contexts& contexts_;
  std::vector<std::unique_ptr<PerShard>> shards_;
  runtime::Turns turns_;
  std::unique_ptr<Home> home_;
};

}  // namespace claviger::partners
