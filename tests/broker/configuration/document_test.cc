#include "broker/configuration/document.h"

#include <gtest/gtest.h>

namespace claviger::configuration {
namespace {

Document good() {
  Document document;
  document.text = "<a/>";
  document.etag = etag_of(document.text);
  document.is_preselected = true;
  document.index = 7;
  document.revision = 1234567890123456789;
  document.updated_at = 1'700'000'000;
  document.profile_name = "Day";
  document.who = "somebody";
  document.migration_systems = {"bravo.example", "charlie.example"};
  return document;
}

TEST(DocumentRecord, ComesBack) {
  const auto read = decode_document(storage::Value::owned(encode_document(good()), 5, 0));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text, "<a/>");
  EXPECT_EQ(read->etag, etag_of("<a/>"));
  EXPECT_TRUE(read->is_preselected);
  EXPECT_EQ(read->index, 7);
  EXPECT_EQ(read->revision, 1234567890123456789U);
  EXPECT_EQ(read->updated_at, 1'700'000'000);
  EXPECT_EQ(read->who, "somebody");
  EXPECT_EQ(read->migration_systems, good().migration_systems);
  EXPECT_EQ(read->version, 5U);
}

TEST(DocumentRecord, TruncatedIsCorruptAndANewerOneSaysSo) {
  const std::string text = encode_document(good());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto read = decode_document(storage::Value::owned(text.substr(0, size), 1, 0));
    // Behind a whole system's name the list of systems may end.
    if (read)
      EXPECT_LT(read->migration_systems.size(), 2U) << size;
    else
      EXPECT_EQ(read.error().code, Code::Corrupt) << size;
  }
  std::string newer = text;
  newer[0] = 2;
  EXPECT_EQ(decode_document(storage::Value::owned(newer, 1, 0)).error().code, Code::SchemaTooNew);
}

TEST(EntityTag, IsOfTheOctets) {
  EXPECT_EQ(etag_of("a").size(), kEtagCharacters);
  EXPECT_EQ(etag_of("a"), etag_of("a"));
  EXPECT_NE(etag_of("a"), etag_of("b"));
}

TEST(EntityTag, IsComparedStrongly) {  // RFC 9110 clause 13.1
  const std::string etag = etag_of("a");
  EXPECT_TRUE(etag_matches("\"" + etag + "\"", etag));
  EXPECT_TRUE(etag_matches("\"x\" , \"" + etag + "\"", etag));
  EXPECT_TRUE(etag_matches(" * ", etag));
  EXPECT_FALSE(etag_matches("*", "")) << "there is no document";
  EXPECT_FALSE(etag_matches("W/\"" + etag + "\"", etag));
  EXPECT_FALSE(etag_matches(etag, etag)) << "without quotes it is none";
  EXPECT_FALSE(etag_matches("", etag));
  EXPECT_FALSE(etag_matches(",,,", etag));
}

}  // namespace
}  // namespace claviger::configuration
