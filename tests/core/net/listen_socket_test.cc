#include "core/net/listen_socket.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace claviger::net {
namespace {

class UnixListenSocket : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "claviger-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/socket";
    address_ = *Address::unix_path(path_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  bool answers() const {
    const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return connect(probe.number(), address_.data(), address_.size()) == 0;
  }
  std::string folder_;
  std::string path_;
  Address address_;
};

TEST(ListenSocket, TellsThePortThatWasChosen) {
  const auto socket = ListenSocket::open(*Address::parse("127.0.0.1:0"));
  ASSERT_TRUE(socket);
  EXPECT_NE(socket->address().port(), 0);
}

TEST(ListenSocket, AnAddressInUseIsAnError) {
  const auto first = ListenSocket::open(*Address::parse("127.0.0.1:0"));
  ASSERT_TRUE(first);
  EXPECT_TRUE(ListenSocket::open(first->address()).failed_with(Code::AddressInUse));
}

TEST(ListenSocket, AnAddressOfSomebodyElseIsAnError) {
  EXPECT_TRUE(ListenSocket::open(*Address::parse("192.0.2.1:0")).failed_with(Code::AddressInvalid));
}

TEST_F(UnixListenSocket, HasTheModeAskedForWhateverTheUmask) {
  for (const mode_t mode : {mode_t{0600}, mode_t{0660}}) {
    const mode_t before = umask(0007);
    const auto socket = ListenSocket::open(address_, mode);
    umask(before);
    ASSERT_TRUE(socket);
    struct stat status {};
    ASSERT_EQ(stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, mode);
  }
}

TEST_F(UnixListenSocket, RemovesItsFile) {
  { ASSERT_TRUE(ListenSocket::open(address_)); }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixListenSocket, ALivingOneIsNotReplaced) {
  const auto first = ListenSocket::open(address_);
  ASSERT_TRUE(first);
  EXPECT_TRUE(ListenSocket::open(address_).failed_with(Code::AddressInUse));
  EXPECT_TRUE(answers());
}

TEST_F(UnixListenSocket, AStrangerThatAnswersIsNotReplaced) {
  const Descriptor stranger(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));  // without our lock
  ASSERT_EQ(bind(stranger.number(), address_.data(), address_.size()), 0);
  ASSERT_EQ(listen(stranger.number(), 8), 0);
  EXPECT_TRUE(ListenSocket::open(address_).failed_with(Code::AddressInUse));
  EXPECT_TRUE(answers());
}

TEST_F(UnixListenSocket, AFileLeftBehindIsReplaced) {
  {
    const Descriptor killed(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(killed.number(), address_.data(), address_.size()), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path_));
  EXPECT_FALSE(answers());
  const auto socket = ListenSocket::open(address_);
  ASSERT_TRUE(socket);
  EXPECT_TRUE(answers());
}

TEST_F(UnixListenSocket, WhatIsNoSocketIsLeftAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_TRUE(ListenSocket::open(address_).failed_with(Code::AddressInUse));
  EXPECT_EQ(std::filesystem::file_size(path_), 8U);
}

TEST_F(UnixListenSocket, AFolderThatIsNotThereIsAnError) {
  EXPECT_TRUE(ListenSocket::open(*Address::unix_path(folder_ + "/no/socket")).failed_with(Code::AddressInvalid));
}

}  // namespace
}  // namespace claviger::net
