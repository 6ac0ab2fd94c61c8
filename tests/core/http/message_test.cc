#include "core/http/message.h"

#include <gtest/gtest.h>

#include "core/http/date.h"
#include "core/http/problem.h"

namespace claviger::http {
namespace {

TEST(Message, EveryKnownFieldIsFoundByItsName) {
  const std::array<std::string_view, kFields> names{
      "accept",   "authorization", "content-length", "content-type", "cookie",  "dpop",       "host",
      "if-match", "if-none-match", "origin",         "prefer",       "referer", "user-agent", "x-forwarded-for"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(field_of(names[i]), static_cast<Field>(i)) << names[i];
    EXPECT_EQ(name_of(static_cast<Field>(i)), names[i]);
    for (std::size_t at = 0; at < names[i].size(); ++at) {
      std::string changed(names[i]);
      changed[at] = static_cast<char>(changed[at] ^ 1);
      EXPECT_EQ(field_of(changed), Field::Other) << changed;
    }
  }
  EXPECT_EQ(field_of(""), Field::Other);
}

TEST(Message, MethodsAreCaseSensitive) {
  EXPECT_EQ(method_of("POST"), Method::Post);
  EXPECT_EQ(method_of("post"), Method::Other);
  EXPECT_EQ(method_of(""), Method::Other);
}

TEST(Message, CountsRepeatedFields) {
  Request request;
  request.add(Field::Origin, {"origin", "a"});
  EXPECT_FALSE(request.is_repeated(Field::Origin));
  request.add(Field::Origin, {"origin", "b"});
  EXPECT_TRUE(request.is_repeated(Field::Origin));
  EXPECT_FALSE(request.has(Field::Cookie));
  EXPECT_EQ(request.headers().size(), 2U);
}

TEST(Message, ASecretBodyIsWipedWhenItsResponseIsDone) {
  SlabPool pool;
  const Slice seen = Slice::copy_of(pool, as_bytes("the key"));  // keeps the slab, as the pool would
  {
    Response response(200, "application/xml", seen);
    response.is_secret = true;
    Response moved = std::move(response);  // on its way to the connection
    EXPECT_EQ(text_of(moved.body), "the key");
  }
  EXPECT_EQ(seen.text(), std::string_view("\0\0\0\0\0\0\0", 7));

  const Slice open = Slice::copy_of(pool, as_bytes("no secret"));
  { const Response response(200, "text/plain", open); }
  EXPECT_EQ(open.text(), "no secret");
}

TEST(Message, ASecretBodyIsWipedWhenItWasSent) {
  SlabPool pool;
  const Slice seen = Slice::copy_of(pool, as_bytes("the key"));
  Response response(200, "application/xml", seen);
  response.is_secret = true;
  response.drop_body();
  EXPECT_TRUE(text_of(response.body).empty());
  EXPECT_EQ(seen.text()[0], '\0');
}

TEST(Date, IsWrittenAsRfc9110Says) {
  const auto text = [](std::int64_t seconds) {
    const auto made = format_date(seconds);
    return std::string(made.data(), made.size());
  };
  EXPECT_EQ(text(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(text(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(text(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  DateCache cache;
  EXPECT_EQ(cache.text(from_numeric_date(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.text(from_numeric_date(784111778)), "Sun, 06 Nov 1994 08:49:38 GMT");
}

TEST(Problem, IsJsonWhateverTheDetail) {  // RFC 9457
  EXPECT_EQ(text_of(problem(404).body), R"({"type":"about:blank","title":"Not Found","status":404})");
  EXPECT_EQ(problem(404).content_type, "application/problem+json");
  EXPECT_EQ(text_of(problem(400, "a\"b\\\n\x80").body),
            R"({"type":"about:blank","title":"Bad Request","status":400,"detail":"a\"b\\\u000a\u0080"})");
}

}  // namespace
}  // namespace claviger::http
