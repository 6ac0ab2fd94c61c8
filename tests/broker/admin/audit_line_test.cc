#include "broker/admin/audit_line.h"

#include <gtest/gtest.h>

namespace claviger::admin {
namespace {

const crypto::HmacSha256& key() {
  static const crypto::HmacSha256 kKey(as_bytes("0123456789abcdef0123456789abcdef"));
  return kKey;
}
AuditEntry entry(std::string target = "alpha/alice") {
  AuditEntry made;
  made.uid = 1000;
  made.pid = 42;
  made.verb = "user.disable";
  made.target = std::move(target);
  made.outcome = "ok";
  return made;
}
std::string_view without_feed(std::string_view text) { return text.substr(0, text.size() - 1); }

TEST(AuditLine, IsWhatItsHeaderSays) {
  const ChainedLine line = chain_line(key(), {}, WallTime(Milliseconds(1'767'225'600'007)), entry());
  const std::string zeros(64, '0');
  const std::string expected = R"({"seq":1,"prev":")" + zeros +
                               R"(","time":"2026-01-01T00:00:00.007Z","uid":1000,"pid":42,"verb":"user.disable",)"
                               R"("target":"alpha/alice","outcome":"ok","detail":"","hash":")";
  EXPECT_TRUE(line.text.starts_with(expected)) << line.text;
  EXPECT_EQ(line.text.size(), expected.size() + 64 + 3);
  EXPECT_TRUE(line.text.ends_with("\"}\n"));
}

TEST(AuditLine, ReadsBackAndChains) {
  const ChainedLine first = chain_line(key(), {}, WallTime(), entry());
  const ChainedLine second = chain_line(key(), first.head, WallTime(), entry());
  const auto read = read_line(key(), without_feed(second.text));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head, second.head);
  EXPECT_EQ(read->head.seq, 2U);
  EXPECT_EQ(read->prev, first.head.hash);
  EXPECT_FALSE(read->opens_a_file);
}

TEST(AuditLine, EveryChangedByteShows) {
  const ChainedLine line = chain_line(key(), {}, WallTime(), entry());
  const std::string good(without_feed(line.text));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    const auto read = read_line(key(), bad);
    EXPECT_FALSE(read) << i << ' ' << bad;
  }
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(read_line(key(), good.substr(0, size))) << size;
  EXPECT_FALSE(read_line(key(), good + " "));
  const crypto::HmacSha256 other(as_bytes("another key of thirty-two bytes!"));
  EXPECT_TRUE(read_line(other, good).failed_with(Code::SignatureInvalid));
}

TEST(AuditLine, NamesOfUsersCannotBreakOut) {
  const ChainedLine line = chain_line(key(), {}, WallTime(), entry("alpha/a\"},\n{\"seq\":9,\"hash\":\"\x01\xff"));
  EXPECT_EQ(line.text.find('\n'), line.text.size() - 1);
  EXPECT_TRUE(read_line(key(), without_feed(line.text)));
}

TEST(AuditLine, LongTextIsCut) {
  AuditEntry long_entry = entry(std::string(100'000, '"'));
  long_entry.detail = std::string(100'000, '\x01');
  long_entry.verb = long_entry.outcome = long_entry.detail;
  const ChainedLine line = chain_line(key(), {}, WallTime(), long_entry);
  EXPECT_LE(line.text.size(), kAuditLineBytesMax);
  EXPECT_TRUE(read_line(key(), without_feed(line.text)));
}

TEST(AuditHeadRecord, ReadsBackAndRefusesTheRest) {
  AuditHead head;
  head.seq = 0x0102030405060708ULL;
  head.hash.fill(std::byte{0xAB});
  const std::string record = encode_audit_head(head);
  const auto read = decode_audit_head(as_bytes(record));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, head);
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_TRUE(decode_audit_head(as_bytes(record.substr(0, size))).failed_with(Code::Corrupt)) << size;
  }
  EXPECT_TRUE(decode_audit_head(as_bytes(record + "x")).failed_with(Code::Corrupt));
  std::string newer = record;
  newer[0] = 2;
  EXPECT_TRUE(decode_audit_head(as_bytes(newer)).failed_with(Code::SchemaTooNew));
}

}  // namespace
}  // namespace claviger::admin
