#include "lib/service/web/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace patrol::web {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    folder_ = fs::path(testing::TempDir()) /
              absl::StrCat("wall-", getpid(), "-",
                           testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_ / "dist/assets");
    Write("dist/index.html", "<!doctype html>");
    Write("dist/assets/wall-1a2b.js", "0;");
    Write("secret.txt", "secret");
  }
  ~StaticFilesTest() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }

  fs::path folder_;
};

std::string HeaderOf(const Answer& answer, const std::string& name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST_F(StaticFilesTest, ServesThePageAtTheRootUncached) {
  const Answer answer = StaticFiles(folder_ / "dist").Get("/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "<!doctype html>");
  EXPECT_EQ(answer.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(HeaderOf(answer, "Cache-Control"), "no-cache");
}

TEST_F(StaticFilesTest, ServesHashedAssetsForever) {
  const Answer answer = StaticFiles(folder_ / "dist").Get("/assets/wall-1a2b.js");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/javascript; charset=utf-8");
  EXPECT_THAT(HeaderOf(answer, "Cache-Control"), HasSubstr("immutable"));
}

TEST_F(StaticFilesTest, HasNoWayOutOfItsFolder) {
  const StaticFiles files(folder_ / "dist");
  for (const char* path : {"/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt",
                           "/..%2fsecret.txt", "//etc/passwd", "/%2fetc/passwd", "/..\\secret.txt",
                           "/assets", "/.", "/..", "", "index.html", "/index.html%00.js"}) {
    const Answer answer = files.Get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, testing::Not(HasSubstr("secret\n"))) << path;
  }
}

TEST_F(StaticFilesTest, DoesNotFollowALinkOutOfItsFolder) {
  fs::create_symlink(folder_ / "secret.txt", folder_ / "dist/link.txt");
  EXPECT_EQ(StaticFiles(folder_ / "dist").Get("/link.txt").status, 404);
}

TEST_F(StaticFilesTest, SaysHowToBuildAnAbsentWall) {
  const Answer answer = StaticFiles(folder_ / "nowhere").Get("/");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr("npm run build"));
}

}  // namespace
}  // namespace patrol::web
