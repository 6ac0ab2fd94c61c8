// Follows a broker's revocation feed on a thread of its own and keeps what came for the thread that verifies.
//
// The verifier belongs to one thread, so the feed's thread never touches it: it leaves deltas here, and the verifying
// thread takes them before each token. A server that hears nothing of revocations must not go on trusting: is_fresh().
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/tokens/verifier/revocation.h"
#include "tests/system/feed_example/tls_connection.h"

namespace claviger::example {

class FeedReader {
 public:
  // Longer than two long polls without an answer: the feed is cut.
  static constexpr std::chrono::seconds kStaleAfter{30};

  // `path`: of the feed, without its query. `authorization`: a header line with its end.
  FeedReader(TlsConnection connection, std::string path, std::string authorization);
  FeedReader(const FeedReader&) = delete;
  FeedReader& operator=(const FeedReader&) = delete;
  ~FeedReader();

  std::vector<tokens::Revocation> take();
  bool is_fresh() const;

 private:
  void follow();
  Result<Unit> poll();

  TlsConnection connection_;
  std::string path_;
  std::string authorization_;
  std::uint64_t next_ = 0;  // the feed's thread only
  std::mutex mutex_;
  std::vector<tokens::Revocation> waiting_;
  std::atomic<std::chrono::steady_clock::time_point> heard_{std::chrono::steady_clock::time_point{}};
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace claviger::example
