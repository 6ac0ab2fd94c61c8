#include "tools/clavigerctl/http_answer.h"

#include <gtest/gtest.h>

namespace claviger::ctl {
namespace {

TEST(HttpAnswer, ReadsAnswersOfOurDaemon) {
  const std::string text =
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length:  2 \r\ncache-control: no-store\r\n\r\n{}HTTP/1.1 ";
  const auto scanned = scan_answer(text);
  ASSERT_TRUE(scanned && *scanned);
  EXPECT_EQ((*scanned)->answer.status, 200);
  EXPECT_EQ((*scanned)->answer.content_type, "application/json");
  EXPECT_EQ((*scanned)->answer.body, "{}");
  EXPECT_EQ((*scanned)->consumed, text.size() - 9);
  for (std::size_t size = 0; size < text.size() - 9; ++size) {
    const auto part = scan_answer(text.substr(0, size));
    ASSERT_TRUE(part) << size;
    EXPECT_FALSE(*part) << size;
  }
}

TEST(HttpAnswer, ReadsChunks) {
  const std::string text = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
  const auto scanned = scan_answer(text);
  ASSERT_TRUE(scanned && *scanned);
  EXPECT_EQ((*scanned)->answer.body, "abc0123456789");
  EXPECT_TRUE((*scanned)->answer.must_close);
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto part = scan_answer(text.substr(0, size));
    ASSERT_TRUE(part) << size;
    EXPECT_FALSE(*part) << size;
  }
}

TEST(HttpAnswer, ReadsAnswersWithoutABody) {
  const auto scanned = scan_answer("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(scanned && *scanned);
  EXPECT_EQ((*scanned)->answer.status, 204);
}

TEST(HttpAnswer, RefusesEverythingElse) {
  for (const char* text : {
           "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
           "HTTP/1.1 200 OK\r\n: x\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "garbage\r\n\r\n", "\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n"}) {
    EXPECT_FALSE(scan_answer(text)) << text;
  }
  EXPECT_TRUE(scan_answer(std::string(kAnswerHeadBytesMax, 'x')).failed_with(Code::HeaderTooLarge));
}

}  // namespace
}  // namespace claviger::ctl
