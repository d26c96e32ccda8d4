# SPDX-FileCopyrightText: The Cowscope authors
# SPDX-License-Identifier: GPL-3.0-or-later

# What `cmake --install` puts where. The MIME type application/x-qemu-disk comes with shared-mime-info.
set(linux_files "${PROJECT_SOURCE_DIR}/packaging/linux")

install(TARGETS cowscope-cli)
install(FILES "${linux_files}/cowscope-cli.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${linux_files}/cowscope-cli.bash" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions"
    RENAME cowscope-cli)
if(COWSCOPE_GUI)
    install(TARGETS cowscope)
    install(FILES "${linux_files}/cowscope.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
    install(FILES "${linux_files}/org.cowscope.Cowscope.desktop" DESTINATION "${CMAKE_INSTALL_DATADIR}/applications")
    install(FILES "${linux_files}/org.cowscope.Cowscope.metainfo.xml" DESTINATION "${CMAKE_INSTALL_DATADIR}/metainfo")
    install(FILES "${PROJECT_SOURCE_DIR}/resources/icons/cowscope.svg"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps" RENAME org.cowscope.Cowscope.svg)
endif()
include("${CMAKE_CURRENT_LIST_DIR}/cpack.cmake")
