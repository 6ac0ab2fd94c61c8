// Questions to peers that say nothing, over the connections that PeerLinks keeps.
#include "broker/exchange/peer_links.h"

#include <map>

#include "broker/tables.h"
#include "tests/broker/exchange/peers.h"
#include "tests/broker/identity/silent_server.h"

namespace claviger::exchange {
namespace {

using Outcomes = std::map<Code, std::size_t>;

runtime::Task<void> ask_and_count(PeerLinks* links, Peer peer, std::shared_ptr<Outcomes> outcomes) {
  const auto answer = co_await links->ask("alpha", std::move(peer), "/key-records");
  EXPECT_FALSE(answer);
  if (!answer) ++(*outcomes)[answer.error().code];
}

class AskedPeers : public Peers {
 protected:
  AskedPeers() = default;
  // What is asked at home runs on when whoever asked has given up: it goes before what it uses.
  ~AskedPeers() override {
    links.stop();
    context()->shard.scope().cancel();
    bed_.run_turns(4);
  }

  PeerLinks links{*context()};
};

// Each question had a connection of its own, as many as there were.
TEST_F(AskedPeers, AreAskedOverFewConnectionsByABoundedNumber) {
  constexpr std::size_t kAsks = 300;
  const identity::SilentServer silent;
  const crypto::IssuedCertificate own = issue("kms.alpha.example");
  auto key = std::make_shared<const SecretBytes>(own.private_key_pem.reveal());
  ASSERT_TRUE(bed_.wait(set_identity(context(), "alpha", own.certificate_pem, key)));
  Peer asked = peer();
  asked.url = silent.origin() + "/kms-exchange/v1";
  ASSERT_TRUE(bed_.wait(set_peer(context(), "alpha", asked)));
  asked = *bed_.wait(find_peer(context(), "alpha", std::string(kBravo)));
  auto outcomes = std::make_shared<Outcomes>();
  const auto ask_many = [&](std::size_t count) {
    bed_.run_until([&] {
      for (; count > 0; --count) context()->shard.scope().spawn(ask_and_count(&links, asked, outcomes));
      return true;
    });
  };
  ask_many(kAsks);
  bed_.run_until([&] { return links.connections() > 0; });
  EXPECT_EQ(*outcomes, (Outcomes{{Code::Overload, kAsks - kPeerAsksMax}}));
  EXPECT_LE(links.connections(), kPeerConnectionsMax);
  ask_many(1);
  EXPECT_EQ((*outcomes)[Code::Overload], kAsks - kPeerAsksMax + 1) << "at once: nobody waits for a place";
  const auto end_all = [&] {
    bed_.clock().advance(Milliseconds(kPeerAnswerMs + 1000));
    bed_.run_turns(2);
  };
  end_all();
  bed_.run_until([&] { return (*outcomes)[Code::DeadlinePassed] == kPeerAsksMax; });
  // And there is room again: it fails as a connection does that says nothing.
  ask_many(1);
  const auto ended = [&] {
    std::size_t count = 0;
    for (const auto& [code, times] : *outcomes) count += times;
    return count;
  };
  // Its connection may be a new one: the old one's place was forgotten when nothing was left of it.
  bed_.run_until([&] { return links.connections() > 0; });
  while (ended() < kAsks + 2) end_all();
  EXPECT_EQ((*outcomes)[Code::Overload], kAsks - kPeerAsksMax + 1);
}

// The second one waits for a link that is then of an agreement which is none any more: an operator's change is nothing to
// refuse a user for.
TEST_F(AskedPeers, AreAskedUnderWhatIsAgreedNow) {
  identity::SilentServer silent;
  const crypto::IssuedCertificate own = issue("kms.alpha.example");
  auto key = std::make_shared<const SecretBytes>(own.private_key_pem.reveal());
  ASSERT_TRUE(bed_.wait(set_identity(context(), "alpha", own.certificate_pem, key)));
  Peer first = peer();
  first.url = silent.origin() + "/kms-exchange/v1";
  ASSERT_TRUE(bed_.wait(set_peer(context(), "alpha", first)));
  first = *bed_.wait(find_peer(context(), "alpha", std::string(kBravo)));
  Peer second = first;
  second.url = silent.origin() + "/moved/v1";
  ASSERT_TRUE(bed_.wait(set_peer(context(), "alpha", second)));
  second = *bed_.wait(find_peer(context(), "alpha", std::string(kBravo)));
  ASSERT_NE(second.version, first.version);
  auto outcomes = std::make_shared<Outcomes>();
  bed_.run_until([&] {
    context()->shard.scope().spawn(ask_and_count(&links, first, outcomes));
    context()->shard.scope().spawn(ask_and_count(&links, second, outcomes));
    return true;
  });
  // Its own link, with its own connection, for each.
  bed_.run_until([&] { return silent.taken() == 2; });
  EXPECT_TRUE(outcomes->empty());
  bed_.clock().advance(Milliseconds(kPeerAnswerMs + 1000));
  bed_.run_until([&] { return (*outcomes)[Code::DeadlinePassed] == 2; });
  EXPECT_EQ(*outcomes, (Outcomes{{Code::DeadlinePassed, 2}}));
}

TEST_F(AskedPeers, WhoeverWaitsForALinkHearsWhyThereIsNone) {
  const identity::SilentServer silent;
  const crypto::IssuedCertificate own = issue("kms.alpha.example");
  Identity broken;
  broken.chain_pem = own.certificate_pem;
  broken.sealed_key = "nothing that was sealed";
  storage::Transaction change;
  change.put(broker::tables::kKmsPeers, identity_key("alpha"), as_bytes(encode_identity(broken)));
  ASSERT_TRUE(bed_.wait(context()->store.commit(std::move(change))));
  Peer asked = peer();
  asked.url = silent.origin() + "/kms-exchange/v1";
  ASSERT_TRUE(bed_.wait(set_peer(context(), "alpha", asked)));
  asked = *bed_.wait(find_peer(context(), "alpha", std::string(kBravo)));
  auto outcomes = std::make_shared<Outcomes>();
  constexpr std::size_t kAsks = 3;
  const auto ask = [&](std::size_t count) {
    bed_.run_until([&] {
      for (; count > 0; --count) context()->shard.scope().spawn(ask_and_count(&links, asked, outcomes));
      return true;
    });
  };
  ask(kAsks);
  const auto ended = [&] {
    std::size_t count = 0;
    for (const auto& [code, times] : *outcomes) count += times;
    return count;
  };
  bed_.run_until([&] { return ended() == kAsks; });
  EXPECT_EQ(outcomes->size(), 1U);
  EXPECT_FALSE(outcomes->contains(Code::DeadlinePassed));
  EXPECT_FALSE(outcomes->contains(Code::Overload));
  // The operator gives another one: asked at once, and nothing is left of the other.
  auto key = std::make_shared<const SecretBytes>(own.private_key_pem.reveal());
  ASSERT_TRUE(bed_.wait(set_identity(context(), "alpha", own.certificate_pem, key)));
  ask(1);
  bed_.run_until([&] { return links.connections() == 1; });
  EXPECT_EQ(links.peers(), 1U);
  // Of a peer that is asked no more nothing is kept, our private key least of all.
  Peer other = asked;
  other.kms_uri = "kms.charlie.example";
  bed_.clock().advance(Milliseconds(kPeerAnswerMs + 1000));
  bed_.run_until([&] { return ended() == kAsks + 1; });
  bed_.run_until([&] { return links.connections() == 0; });
  bed_.run_until([&] {
    context()->shard.scope().spawn(ask_and_count(&links, other, outcomes));
    return true;
  });
  bed_.run_until([&] { return links.connections() == 1; });
  EXPECT_EQ(links.peers(), 1U);
  bed_.clock().advance(Milliseconds(kPeerAnswerMs + 1000));
  bed_.run_until([&] { return ended() == kAsks + 2; });
}

TEST_F(AskedPeers, AreNotAskedWithoutAnIdentityOrAfterTheEnd) {
  EXPECT_TRUE(bed_.wait(links.ask("alpha", peer(), "/key-records")).failed_with(Code::NotFound));
  links.stop();
  EXPECT_TRUE(bed_.wait(links.ask("alpha", peer(), "/key-records")).failed_with(Code::Closed));
}

}  // namespace
}  // namespace claviger::exchange
