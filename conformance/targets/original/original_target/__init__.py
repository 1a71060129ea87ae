"""Sets up, starts and ends the stand-in of the 2016 application; standard library only."""
