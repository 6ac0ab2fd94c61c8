#include "core/net/stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <optional>

#include "core/net/acceptor.h"
#include "tests/core/net/certificates.h"
#include "tests/core/runtime/one_shard.h"

namespace claviger::net {
namespace {

using namespace std::chrono_literals;

// A user that collects what comes and sends what it is given.
struct Talker final : StreamUser {
  Talker(runtime::Shard& shard, StreamBuffers& buffers, StreamLimits limits = {})
      : stream(shard, buffers, *this, limits) {}
  void on_established() override { is_established = true; }
  void on_received(Slice bytes) override { received += bytes.text(); }
  std::size_t produce(MutableBytes room) override {
    EXPECT_GE(room.size(), kProduceRoomMin);
    const std::size_t count = std::min(room.size(), to_send.size() - produced);
    std::memcpy(room.data(), to_send.data() + produced, count);
    produced += count;
    return count;
  }
  std::size_t read_max() const override { return read_at_most; }
  bool wants_input() const override { return wants; }
  bool is_finished() const override { return finished; }
  Monotonic deadline() const override { return due; }
  void on_deadline() override {
    ++deadlines;
    due = Monotonic::max();
  }
  void on_closed(Error reason) override { closed = reason.code; }
  void say(std::string text) {
    to_send += text;
    stream.update();
  }

  bool is_established = false;
  bool wants = true;
  std::size_t read_at_most = kReadPerTurnMax;
  bool finished = false;
  Monotonic due = Monotonic::max();
  int deadlines = 0;
  std::string received;
  std::string to_send;
  std::size_t produced = 0;
  std::optional<Code> closed;
  Stream stream;
};

// A listener, a client's stream and a server's; in the clear and under TLS.
struct StreamTest : testing::TestWithParam<bool> {
  void SetUp() override {
    auto socket = ListenSocket::open(*Address::parse("127.0.0.1:0"));
    ASSERT_TRUE(socket);
    address = socket->address();
    on_shard([&] {
      acceptor.emplace(one.shard, *std::move(socket), [this](Descriptor accepted, const Address&) {
        right.emplace(one.shard, *buffers, limits);
        EXPECT_TRUE(right->stream.accept(std::move(accepted), GetParam() ? server_context() : nullptr));
      });
      EXPECT_TRUE(acceptor->start());
    });
  }
  void TearDown() override {
    on_shard([&] {
      left.reset();
      right.reset();
      acceptor.reset();
    });
  }
  void on_shard(const std::function<void()>& work) {
    one.run_turns(1);  // so that now() is of now
    one.run_until([&] { return work(), true; });
    one.run_turns(1);
  }
  bool run(const std::function<bool()>& is_done) {
    int turns = 0;
    one.run_until([&] { return is_done() || ++turns > 100'000; });
    return is_done();
  }
  // Until the kernel's buffers are full and nothing moves any more.
  void settle() {
    std::size_t before = 0;
    do {
      before = left->produced;
      one.run_turns(500);
    } while (left->produced != before);
  }
  void connect() {
    on_shard([&] {
      left.emplace(one.shard, *buffers, limits);
      EXPECT_TRUE(left->stream.connect(address, GetParam() ? client_context() : nullptr, "localhost"));
    });
    ASSERT_TRUE(run([&] { return left->is_established && right && right->is_established; }));
  }

  runtime::OneShard one;
  StreamLimits limits;
  std::unique_ptr<StreamBuffers> buffers = std::make_unique<StreamBuffers>();
  Address address;
  std::optional<Acceptor> acceptor;
  std::optional<Talker> left;
  std::optional<Talker> right;
};
INSTANTIATE_TEST_SUITE_P(ClearAndTls, StreamTest, testing::Bool(),
                         [](const auto& each) { return each.param ? "Tls" : "Clear"; });

std::string numbered(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ',';
  text.resize(size);
  return text;
}

TEST_P(StreamTest, WhatOneSaysTheOtherHears) {
  connect();
  on_shard([&] { left->say("question"); });
  ASSERT_TRUE(run([&] { return right->received == "question"; }));
  on_shard([&] { right->say("answer"); });
  ASSERT_TRUE(run([&] { return left->received == "answer"; }));
}

TEST_P(StreamTest, CarriesMegabytesInOrder) {
  connect();
  const std::string all = numbered(5'000'000);
  on_shard([&] { left->say(all); });
  ASSERT_TRUE(run([&] { return right->received.size() == all.size(); }));
  EXPECT_EQ(right->received, all);
}

TEST_P(StreamTest, CarriesMegabytesInSmallAndLargeParts) {
  connect();
  const std::string all = numbered(1'000'000);
  right->read_at_most = 1'000;
  on_shard([&] { left->say(all); });
  ASSERT_TRUE(run([&] { return right->received.size() >= all.size() / 2; }));
  right->read_at_most = 256 * 1024;
  ASSERT_TRUE(run([&] { return right->received.size() == all.size(); }));
  EXPECT_EQ(right->received, all);
}

TEST_P(StreamTest, AnIdleOneHoldsNoSlab) {
  connect();
  on_shard([&] { left->say("question"); });
  ASSERT_TRUE(run([&] { return right->received == "question"; }));
  EXPECT_EQ(one.shard.slabs().in_use(), 0U);
}

TEST_P(StreamTest, ProducesNoMoreThanItMayHoldUnsent) {
  connect();
  on_shard([&] {
    right->wants = false;
    right->stream.update();
    left->say(std::string(50'000'000, 'x'));
  });
  settle();
  EXPECT_LT(left->produced, 20'000'000U);  // what the kernel's buffers take
  EXPECT_LE(left->stream.unsent(), kUnsentMax + 2 * kSlabBytes);
  on_shard([&] {
    right->wants = true;
    right->stream.update();
  });
  ASSERT_TRUE(run([&] { return right->received.size() == 50'000'000U; }));
}

TEST_P(StreamTest, AReaderThatReadsNothingIsCutOff) {
  connect();
  on_shard([&] {
    right->wants = false;
    right->stream.update();
    left->say(std::string(50'000'000, 'x'));
  });
  settle();
  EXPECT_FALSE(left->closed);
  // The kernel may find room for some more bytes meanwhile, which is progress.
  for (int i = 0; i < 100 && !left->closed; ++i) {
    one.clock.advance(limits.write_stall + 100ms);
    settle();
  }
  ASSERT_TRUE(left->closed);
  EXPECT_EQ(*left->closed, Code::DeadlinePassed);
}

TEST_P(StreamTest, AReaderThatTakesABitNowAndThenIsNot) {
  connect();
  on_shard([&] { left->say(std::string(50'000'000, 'x')); });
  for (int i = 0; i < 20; ++i) {
    on_shard([&] {
      right->wants = false;
      right->stream.update();
    });
    one.run_turns(500);
    one.clock.advance(limits.write_stall * 2 / 3);
    on_shard([&] {
      right->wants = true;
      right->stream.update();
    });
    one.run_turns(50);
    ASSERT_FALSE(left->closed);
  }
}

TEST_P(StreamTest, AReaderThatTakesTooLittleIsCutOff) {
  limits.write_rate_min = 1'000'000'000;  // the least that a kernel takes at once is much
  connect();
  on_shard([&] { left->say(std::string(50'000'000, 'x')); });
  for (int i = 0; i < 20 && !left->closed; ++i) {
    on_shard([&] {
      right->wants = false;
      right->stream.update();
    });
    one.run_turns(500);
    one.clock.advance(limits.write_stall * 2 / 3);
    on_shard([&] {
      right->wants = true;
      right->stream.update();
    });
    one.run_turns(50);
  }
  ASSERT_TRUE(left->closed);
  EXPECT_EQ(*left->closed, Code::DeadlinePassed);
}

TEST_P(StreamTest, AFinishedOneSendsEverythingFirst) {
  connect();
  const std::string all = numbered(1'000'000);
  on_shard([&] {
    left->finished = true;
    left->say(all);
  });
  ASSERT_TRUE(run([&] { return right->closed.has_value(); }));
  EXPECT_EQ(right->received, all);
  EXPECT_EQ(*right->closed, Code::PeerClosed);
  ASSERT_TRUE(run([&] { return left->closed.has_value(); }));
}

TEST_P(StreamTest, APeerThatDoesNotCloseIsNotWaitedForLong) {
  connect();
  on_shard([&] {
    right->wants = false;  // never sees our end
    right->stream.update();
    left->finished = true;
    left->say("last words");
  });
  one.run_turns(100);
  EXPECT_FALSE(left->closed);
  one.clock.advance(kLinger + 100ms);
  ASSERT_TRUE(run([&] { return left->closed.has_value(); }));
}

TEST_P(StreamTest, TheUsersDeadlineComes) {
  connect();
  on_shard([&] {
    left->due = one.shard.now() + 5s;
    left->stream.update();
  });
  one.clock.advance(4s);
  one.run_turns(10);
  EXPECT_EQ(left->deadlines, 0);
  one.clock.advance(1100ms);
  ASSERT_TRUE(run([&] { return left->deadlines == 1; }));
}

TEST_P(StreamTest, ADeadlineThatRecededComesLater) {
  connect();
  on_shard([&] {
    left->due = one.shard.now() + 5s;
    left->stream.update();
  });
  one.clock.advance(4s);
  on_shard([&] {
    left->due = one.shard.now() + 5s;
    left->stream.update();
  });
  one.clock.advance(2s);
  one.run_turns(10);
  EXPECT_EQ(left->deadlines, 0);
  one.clock.advance(4s);
  ASSERT_TRUE(run([&] { return left->deadlines == 1; }));
}

TEST_P(StreamTest, MayBeDestroyedAtAnyTime) {
  connect();
  on_shard([&] {
    left->say(std::string(1'000'000, 'x'));
    left.reset();
  });
  ASSERT_TRUE(run([&] { return right->closed.has_value(); }));
  on_shard([&] {
    right->stream.close({Code::Closed, "test"});
    right.reset();
  });
  one.run_turns(10);
  EXPECT_EQ(one.shard.slabs().in_use(), 0U);
}

TEST_P(StreamTest, AConnectionToNobodyIsUnreachable) {
  on_shard([&] {
    acceptor.reset();
    left.emplace(one.shard, *buffers, limits);
    static_cast<void>(left->stream.connect(address, nullptr, "localhost"));
  });
  ASSERT_TRUE(run([&] { return left->closed.has_value(); }));
  EXPECT_EQ(*left->closed, Code::Unreachable);
}

TEST_P(StreamTest, AHandshakeThatDoesNotGoOnIsCutOff) {
  if (!GetParam()) return;
  const Descriptor silent(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(silent.number(), address.data(), address.size()), 0);
  ASSERT_EQ(::send(silent.number(), "\x16\x03\x01", 3, MSG_NOSIGNAL), 3);
  ASSERT_TRUE(run([&] { return right.has_value(); }));
  one.run_turns(10);
  EXPECT_FALSE(right->closed);
  one.clock.advance(limits.handshake + 100ms);
  ASSERT_TRUE(run([&] { return right->closed.has_value(); }));
  EXPECT_EQ(*right->closed, Code::DeadlinePassed);
  EXPECT_FALSE(right->is_established);
}

}  // namespace
}  // namespace claviger::net
