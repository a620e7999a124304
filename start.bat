@echo off
rem Sets up the simulator if it is not yet, then runs the command that is given, or "run". See docs\windows.md.
setlocal
set "ROOT=%~dp0"
set "VENV=%ROOT%.venv"
set "WHEELS=%ROOT%wheels"
set "LOCK=%ROOT%requirements.lock"
set "BUNDLED=%WHEELS%\requirements.lock"
set "CALL=%VENV%\Scripts\python.exe"
set "PYTHONUTF8=1"
set "CODE=0"
chcp 65001 >nul
if exist "%VENV%\ready" goto start

rem The newest Python that the wheels are for; what "py" does not know may still be on the path.
set "PYTHON="
for %%V in (3.12 3.11) do if not defined PYTHON py -%%V -c "" >nul 2>nul && set "PYTHON=py -%%V"
if not defined PYTHON python -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul && set "PYTHON=python"
if not defined PYTHON goto nopython

echo Setting up in %VENV%; this takes some minutes, once.
%PYTHON% -m venv "%VENV%"
if errorlevel 1 goto failed
if exist "%BUNDLED%" goto offline
"%CALL%" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "%LOCK%"
if errorlevel 1 goto failed
goto done

:offline
"%CALL%" -m pip install --quiet --disable-pip-version-check --no-deps --no-index --find-links "%WHEELS%" --require-hashes -r "%BUNDLED%"
if errorlevel 1 goto failed

:done
echo ready> "%VENV%\ready"

:start
if "%~1"=="" (
    "%CALL%" "%ROOT%run_scenarios.py" run
) else (
    "%CALL%" "%ROOT%run_scenarios.py" %*
)
set "CODE=%ERRORLEVEL%"
goto end

:nopython
echo Python 3.11 or 3.12 (64 bit) is needed: install it, then start again. See docs\windows.md.
set "CODE=2"
goto end

:failed
echo The set-up failed; the lines above say why. Delete %VENV% and start again. See docs\windows.md.
set "CODE=2"

:end
rem A window that was opened by a double click stays open until a key is pressed.
echo "%CMDCMDLINE%" | find /i "/c" >nul && pause
exit /b %CODE%
