#include "core/diameter/message.h"

#include <gtest/gtest.h>

#include "core/diameter/edits.h"
#include "core/diameter/frame_reader.h"
#include "core/diameter/message_builder.h"
#include "tests/core/diameter/message_samples.h"

namespace claviger::diameter {
namespace {

using namespace samples;

constexpr AvpId kOther{601, 10415};

std::string sample() {
  return message(request_header(16777216, 303),
                 avp_of(avp::kSessionId, "a.example;1;2") + avp_of(avp::kOriginHost, "a.example") +
                     avp_of(avp::kProxyInfo, avp_of(avp::kProxyHost, "p1.example") + avp_of(avp::kProxyState, "x")) +
                     avp_of(kOther, "sip:one@example") +
                     avp_of(avp::kProxyInfo, avp_of(avp::kProxyHost, "p2.example")) +
                     avp_u32(avp::kAuthSessionState, 1));
}

TEST(DiameterMessage, IsReadInPlace) {
  SlabPool pool;
  const Message read(slice(pool, sample()));
  EXPECT_EQ(read.structure(), Message::Structure::Sound);
  EXPECT_EQ(read.header().command, 303U);
  EXPECT_EQ(read.header().application, 16777216U);
  EXPECT_EQ(read.header().hop_by_hop, 0x01020304U);
  EXPECT_EQ(read.avp_count(), 6U);
  EXPECT_EQ(read.session_id(), "a.example;1;2");
  EXPECT_EQ(read.text(kOther), "sip:one@example");
  EXPECT_FALSE(read.find({601, 0}));  // the code alone names nothing
  EXPECT_EQ(read.u32(avp::kAuthSessionState), 1U);
  EXPECT_EQ(read.count(avp::kProxyInfo), 2U);
  EXPECT_EQ(find_in_group(*read.find_nth(avp::kProxyInfo, 1), avp::kProxyHost)->text(), "p2.example");
  EXPECT_EQ(read.priority(), 10U);  // RFC 7944 clause 8
}

TEST(DiameterMessage, FindsBeyondItsIndex) {
  SlabPool pool;
  std::string avps;
  for (std::uint32_t i = 0; i < 100; ++i) avps += avp_u32(avp::kSupportedVendorId, i);
  avps += avp_of(avp::kOriginHost, "late.example");
  const Message read(slice(pool, message(request_header(0, 257), avps)));
  EXPECT_EQ(read.avp_count(), 101U);
  EXPECT_EQ(read.origin_host(), "late.example");
  EXPECT_EQ(read.find_nth(avp::kSupportedVendorId, 99)->u32(), 99U);
  EXPECT_FALSE(read.find_nth(avp::kSupportedVendorId, 100));
}

TEST(DiameterMessage, TellsNamesApartThatAreLookedForInOnePlace) {
  SlabPool pool;
  constexpr AvpId kOne{601, 10415};
  constexpr AvpId kSameBits{601 + 64, 10415};
  constexpr AvpId kOtherVendor{601, 13019};
  const auto read_of = [&](const std::string& avps) {
    return Message(slice(pool, message(request_header(16777216, 303), avps)));
  };
  const Message all = read_of(avp_of(kSameBits, "same bits") + avp_of(kOtherVendor, "other vendor") +
                              avp_of(kOne, "one") + avp_of(kOne, "two"));
  EXPECT_EQ(all.text(kOne), "one");
  EXPECT_EQ(all.text(kSameBits), "same bits");
  EXPECT_EQ(all.text(kOtherVendor), "other vendor");
  EXPECT_EQ(all.find_nth(kOne, 1)->text(), "two");
  EXPECT_FALSE(all.find_nth(kOne, 2));
  EXPECT_EQ(all.count(kOne), 2U);
  EXPECT_EQ(all.count(kSameBits), 1U);
  EXPECT_FALSE(all.find({601 + 128, 10415}));  // nobody, in a place that is taken
  EXPECT_EQ(all.count({601 + 128, 10415}), 0U);
  EXPECT_FALSE(all.is_each_once());
  const Message alone = read_of(avp_of(kSameBits, "same bits"));
  EXPECT_FALSE(alone.find(kOne));
  EXPECT_TRUE(alone.is_each_once());
  // The V bit with vendor 0 names what no V bit does.
  const Message zero = read_of(avp_of(avp::kOriginHost.code, kAvpVendor | kAvpMandatory, 0, "zero.example"));
  EXPECT_EQ(zero.origin_host(), "zero.example");
}

TEST(DiameterMessage, IsReadUpToWhereItIsDamaged) {
  SlabPool pool;
  const std::string good = avp_of(avp::kSessionId, "s");
  for (const std::int64_t length : {0, 7, 200, 0xffffff}) {
    const Message read(slice(pool, message(request_header(0, 257), good + avp_of(264, 0x40, 0, "host", length))));
    EXPECT_EQ(read.structure(), Message::Structure::BadAvpLength) << length;
    EXPECT_EQ(read.session_id(), "s");
    EXPECT_EQ(read.structure_end(), kHeaderBytes + good.size());
  }
  const Message vendor(slice(pool, message(request_header(0, 257), avp_of(264, 0xc0, 9, "", 11))));
  EXPECT_EQ(vendor.structure(), Message::Structure::BadAvpLength);  // 11 with a vendor
  const Message rest(slice(pool, message(request_header(0, 257), good + std::string(4, '\0'))));
  EXPECT_EQ(rest.structure(), Message::Structure::Overrun);
  std::string many;
  for (std::size_t i = 0; i < kAvpsMax + 1; ++i) many += avp_u32(avp::kVendorId, 1);
  EXPECT_EQ(Message(slice(pool, message(request_header(0, 257), many))).structure(), Message::Structure::TooManyAvps);
}

// Every cut of the stream into two, and every single byte: the same messages come out.
TEST(DiameterFrames, AreCutWhereverTheyAreSplit) {
  SlabPool pool;
  const std::string one = sample();
  const std::string stream = one + message(request_header(0, 280), "") + one;
  const auto run = [&](std::size_t step, std::size_t first) {
    FrameReader reader(pool);
    std::string seen;
    std::size_t messages = 0;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t count = std::min(at == 0 ? first : step, stream.size() - at);
      reader.feed(slice(pool, std::string_view(stream).substr(at, count)));
      at += count;
      for (;;) {
        auto next = reader.next();
        ASSERT_TRUE(next);
        if (!*next) break;
        ++messages;
        seen += (*next)->text();
      }
    }
    EXPECT_EQ(messages, 3U);
    EXPECT_EQ(seen, stream);
    EXPECT_FALSE(reader.has_partial());
  };
  for (std::size_t first = 1; first < stream.size(); ++first) run(stream.size(), first);
  for (std::size_t step = 1; step < 40; ++step) run(step, step);
}

TEST(DiameterFrames, EndAtAnImpossibleLength) {  // RFC 6733 clause 3
  SlabPool pool;
  for (const std::uint32_t length : {0U, 4U, 16U, 19U, 22U, 65540U, 0xffffffU}) {
    for (const std::size_t split : {std::size_t{20}, std::size_t{5}}) {
      std::string bytes = message(request_header(0, 280), "");
      bytes.replace(0, 4, u32(0x01000000U | length));
      FrameReader reader(pool);
      reader.feed(slice(pool, std::string_view(bytes).substr(0, split)));
      auto next = reader.next();
      if (next && split < bytes.size()) {
        reader.feed(slice(pool, std::string_view(bytes).substr(split)));
        next = reader.next();
      }
      EXPECT_TRUE(next.failed_with(Code::DiameterLength)) << length << " " << split;
    }
  }
}

TEST(DiameterBuilder, AnswersAsTheRequestAsked) {  // RFC 6733 clause 6.2
  SlabPool pool;
  const Message request(slice(pool, sample()));
  auto built = MessageBuilder::answer(pool, request).origin("me.example", "example").result(2001).finish();
  ASSERT_TRUE(built);
  const Message answer(*built);
  EXPECT_EQ(answer.structure(), Message::Structure::Sound);
  EXPECT_EQ(answer.header().flags, kFlagProxiable);
  EXPECT_EQ(answer.header().hop_by_hop, request.header().hop_by_hop);
  EXPECT_EQ(answer.header().end_to_end, request.header().end_to_end);
  EXPECT_EQ(answer.walk().next()->text(), "a.example;1;2");
  EXPECT_EQ(find_in_group(*answer.find_nth(avp::kProxyInfo, 0), avp::kProxyHost)->text(), "p1.example");
  EXPECT_EQ(find_in_group(*answer.find_nth(avp::kProxyInfo, 1), avp::kProxyHost)->text(), "p2.example");
  EXPECT_EQ(answer.outcome().code, 2001U);
  auto refused = MessageBuilder::answer(pool, request).result(3002).finish();
  EXPECT_TRUE(Message(*refused).header().is_error());
  auto experimental = MessageBuilder::answer(pool, request).experimental_result(10415, 5001).finish();
  EXPECT_EQ(Message(*experimental).outcome().vendor, 10415U);
  EXPECT_EQ(Message(*experimental).outcome().code, 5001U);
  EXPECT_FALSE(Message(*experimental).header().is_error());
  // An answer has one of the two (clause 7.6): with both it says nothing.
  auto both = MessageBuilder::answer(pool, request).result(2001).experimental_result(10415, 5001).finish();
  EXPECT_EQ(Message(*both).outcome().code, 0U);
}

TEST(DiameterBuilder, NestsGroupsAndStopsAtTheBound) {
  SlabPool pool;
  auto builder = MessageBuilder::request(pool, 0, 257);
  builder.begin_group(avp::kFailedAvp).begin_group({612, 10415}).octets({609, 10415}, as_bytes("abc")).end_group();
  builder.end_group().u64(avp::kOcSequenceNumber, 0x0102030405060708ULL);
  const Message built(*builder.finish());
  EXPECT_EQ(built.structure(), Message::Structure::Sound);
  const auto item = find_in_group(*built.find(avp::kFailedAvp), {612, 10415});
  EXPECT_EQ(find_in_group(*item, {609, 10415})->text(), "abc");
  EXPECT_EQ(built.find(avp::kOcSequenceNumber)->u64(), 0x0102030405060708ULL);

  const std::string piece(20'000, 'x');
  auto large = MessageBuilder::request(pool, 0, 257);
  for (int i = 0; i < 3; ++i) large.text(avp::kUserName, piece);
  EXPECT_EQ(Message(*large.finish()).text(avp::kUserName), piece);  // beyond one slab
  auto over = MessageBuilder::request(pool, 0, 257);
  for (int i = 0; i < 4; ++i) over.text(avp::kUserName, piece);
  EXPECT_TRUE(over.finish().failed_with(Code::TooLarge));
}

TEST(DiameterEdits, ReplaceRemoveAndAppendInPlace) {
  SlabPool pool;
  const Message from(slice(pool, sample()));
  Edits edits;
  edits.append(avp::kRouteRecord, as_bytes("peer.example"));
  edits.replace(from, *from.find(kOther), as_bytes("sip:somebody.else@elsewhere.example"));
  edits.remove(from, *from.find_nth(avp::kProxyInfo, 1));
  edits.set(from, avp::kOriginHost, as_bytes("b"));
  edits.append_u32(avp::kDrmp, 3);
  SlabWriter writer(pool, edits.size_of(from));
  const std::size_t size = edits.size_of(from);
  Header header = from.header();
  header.hop_by_hop = 7;
  edits.splice(from, header, writer.unwritten().first(size));
  writer.advance(size);
  const Message to(writer.finish());
  EXPECT_EQ(to.structure(), Message::Structure::Sound);
  EXPECT_EQ(to.header().hop_by_hop, 7U);
  EXPECT_EQ(to.header().length, size);
  EXPECT_EQ(to.session_id(), "a.example;1;2");
  EXPECT_EQ(to.origin_host(), "b");
  EXPECT_EQ(to.text(kOther), "sip:somebody.else@elsewhere.example");
  EXPECT_EQ(to.count(avp::kProxyInfo), 1U);
  EXPECT_EQ(to.text(avp::kRouteRecord), "peer.example");
  EXPECT_EQ(to.priority(), 3U);
  EXPECT_EQ(to.avp_count(), 7U);
}

TEST(DiameterEdits, WhatLiesSideBySideIsOneEdit) {
  SlabPool pool;
  const AvpId unknown{9999, 0, false};
  std::string avps = avp_of(avp::kSessionId, "a;1;2");
  for (std::size_t i = 0; i < kAvpsMax - 4; ++i) avps += avp_of(unknown, std::string(i % 5, 'x'));
  avps += avp_of(avp::kOriginHost, "b");
  const Message from(slice(pool, message(request_header(7, 8), avps)));
  Edits edits;
  AvpWalk walk = from.walk();
  while (const auto one = walk.next()) {
    if (one->is(unknown)) edits.remove(from, *one);
  }
  EXPECT_TRUE(edits.has_room_for(Edits::kMax - 1));
  EXPECT_FALSE(edits.has_room_for(Edits::kMax));
  edits.append(avp::kRouteRecord, as_bytes("peer.example"));
  const std::size_t size = edits.size_of(from);
  SlabWriter writer(pool, size);
  edits.splice(from, from.header(), writer.unwritten().first(size));
  writer.advance(size);
  const Message to(writer.finish());
  EXPECT_EQ(to.structure(), Message::Structure::Sound);
  EXPECT_EQ(to.avp_count(), 3U);
  EXPECT_EQ(to.session_id(), "a;1;2");
  EXPECT_EQ(to.origin_host(), "b");
  EXPECT_EQ(to.text(avp::kRouteRecord), "peer.example");
}

}  // namespace
}  // namespace claviger::diameter
